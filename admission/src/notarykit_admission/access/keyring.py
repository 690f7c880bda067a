"""Keyrings: credentials out of pull secrets, found by a repository's name as kubelet finds them.

Kubernetes, "Pull an Image from a Private Registry" and "Images", "Interpretation of config.json": keys of `auths` are
hosts, with `*` for a part of a name, and beginnings of paths; all that match are tried, the longest first.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

import msgspec

from notarykit import Credentials, Reference

MOST_ENTRIES = 200
_LONGEST_KEY = 1000
_LONGEST_LABEL = 63  # RFC 1035, 2.3.4
# Kubelet takes these for Docker Hub, whose entry has the key of Docker's own files.
_DOCKER_HUB_HOSTS, _DOCKER_HUB_KEY = frozenset({"docker.io", "index.docker.io"}), "index.docker.io"
_SCHEMES = ("https://", "http://")
_VERSIONS = ("/v1/", "/v2/")
# Bytes of a password that are not UTF-8 are sent unchanged.
_UNCHANGED = "surrogateescape"
_Form = TypeVar("_Form")


class Entry(NamedTuple):
    """Credentials of a pull secret.

    Attributes:
        key: Host that they are for, with a path or without.
        credentials: The credentials.
    """

    key: str
    credentials: Credentials

    def __repr__(self) -> str:
        return f"Entry({self.key!r})"

    def matches(self, reference: Reference) -> bool:
        """Tells whether the credentials are for the repository of a reference."""
        host, slash, path = self.key.partition("/")
        if host != reference.registry and not _is_like(host, reference.registry):
            return False
        return f"/{reference.name}".startswith(slash + path)


def _is_like(pattern: str, host: str) -> bool:
    """Tells whether a host is one that a pattern means; an asterisk is for any text without a dot."""
    if "*" not in pattern:
        return False
    (like, _, port), (name, _, named) = pattern.partition(":"), host.partition(":")
    parts, names = like.split("."), name.split(".")
    is_similar = port == named and len(parts) == len(names)
    return is_similar and all(map(_is_like_label, parts, names))


def _is_like_label(pattern: str, label: str) -> bool:
    """Tells whether a label is one that a pattern means.

    No regular expression is made of it: whoever makes pull secrets could have any number made, each of them long.
    """
    first, *others = pattern.split("*")
    if not others:
        return pattern == label
    *middle, last = others
    if len(pattern) - len(others) > len(label) or len(label) > _LONGEST_LABEL:
        return False
    at, end = len(first), len(label) - len(last)
    for part in middle:
        at = label.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return label.startswith(first) and label.endswith(last)


def find_credentials(secrets: Iterable[tuple[Entry, ...]], reference: Reference) -> tuple[Credentials, ...]:
    """Returns the credentials for the repository of a reference, each once, those first that are tried first.

    Args:
        secrets: Entries of each secret, in the order of the secrets.
        reference: Reference to an image.
    """
    entries = [entry for secret in secrets for entry in secret]
    found = [entry for entry in entries if entry.matches(reference)]
    if not found and reference.registry in _DOCKER_HUB_HOSTS:
        found = [entry for entry in entries if entry.key == _DOCKER_HUB_KEY]
    found.sort(key=lambda entry: entry.key, reverse=True)
    return tuple(dict.fromkeys(entry.credentials for entry in found))


class _Login(msgspec.Struct, frozen=True):
    username: str | None = None
    password: str | None = None
    auth: str | None = None


class _DockerConfig(msgspec.Struct, frozen=True):
    auths: dict[str, _Login | None] | None = None


_CONFIG = msgspec.json.Decoder(_DockerConfig | None)
_LOGINS = msgspec.json.Decoder(dict[str, _Login | None] | None)


def parse_docker_config(content: bytes) -> tuple[Entry, ...]:
    """Returns the entries of a secret's `.dockerconfigjson`.

    Raises:
        ValueError: It is malformed, or has too many entries; the text holds nothing of it.
    """
    config = _decoded(_CONFIG, content)
    return _entries(None if config is None else config.auths)


def parse_dockercfg(content: bytes) -> tuple[Entry, ...]:
    """Returns the entries of a secret's `.dockercfg`, the older form.

    Raises:
        ValueError: As `parse_docker_config`.
    """
    return _entries(_decoded(_LOGINS, content))


def _decoded(decoder: msgspec.json.Decoder[_Form], content: bytes) -> _Form:
    try:
        return decoder.decode(content)
    except (ValueError, RecursionError):  # its text may quote what it found
        raise ValueError("it is not of the form of Docker's configuration") from None


def _entries(logins: Mapping[str, _Login | None] | None) -> tuple[Entry, ...]:
    if len(logins or ()) > MOST_ENTRIES:
        raise ValueError(f"it has more than {MOST_ENTRIES} entries")
    found = ((_key(name), _credentials(login)) for name, login in (logins or {}).items() if login is not None)
    return tuple(Entry(key, credentials) for key, credentials in found if key and credentials.username)


def _key(name: str) -> str:
    """Returns an entry's key without its scheme and Docker's version of the API; empty for one that matches nothing."""
    name = name[len(next((scheme for scheme in _SCHEMES if name.startswith(scheme)), "")) :]
    host, slash, path = name.partition("/")
    # Registries have none of these parts of a URL; brackets are classes of characters, or an IPv6 address.
    if len(name) > _LONGEST_KEY or any(character in "[]\\@?#%" for character in name):
        return ""
    place = f"{slash}{path}"
    if place.startswith(_VERSIONS):
        place = place[len("/v1") :]
    return host if place == "/" else host + place


def _credentials(login: _Login) -> Credentials:
    if not login.auth:
        return Credentials(login.username or "", login.password or "")
    encoded = login.auth.replace("\r", "").replace("\n", "")
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("an entry's auth is not in base64") from None
    username, colon, password = decoded.decode("utf-8", _UNCHANGED).partition(":")
    if not colon:
        raise ValueError("an entry's auth is not a name, a colon and a password")
    return Credentials(username, password)
