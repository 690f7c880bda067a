"""Entries of credential files and Docker configurations: their keys' hosts, and the credentials in them."""

import base64
import binascii

from notarykit._internal.strict_json import DocumentError, GoMembers
from notarykit.errors import ConfigurationError
from notarykit.oci.registry.auth import Credentials

_DOCKER_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_SCHEMES = ("https://", "http://")


def is_docker_hub(host: str) -> bool:
    """Tells whether a host is one of Docker Hub's."""
    return host in _DOCKER_HUB_HOSTS


def host_names(host: str) -> tuple[str, ...]:
    """Returns all names of a registry's host: Docker Hub has several."""
    return _DOCKER_HUB_HOSTS if is_docker_hub(host) else (host,)


def without_scheme(key: str) -> str:
    """Returns a key without the scheme of a URL."""
    return next((key.removeprefix(scheme) for scheme in _SCHEMES if key.startswith(scheme)), key)


def entries_of(document: GoMembers) -> GoMembers:
    """Returns the entries of a document, its member `auths`.

    Raises:
        DocumentError: It is no object.
    """
    return document.object("auths") if "auths" in document else GoMembers({}, "'auths'")


def read_entry(entry: GoMembers, key: str, source: str, *, may_lack_padding: bool = False) -> Credentials | None:
    """Returns the credentials in an entry, or None where it has none and leaves them to a helper.

    Args:
        entry: The entry.
        key: Its key, for messages.
        source: Path of the file that it is in, or its name, for messages.
        may_lack_padding: True if all of the padding of its base64 may be missing, as for the kubelet.

    Raises:
        ConfigurationError: The entry is malformed.
    """
    try:
        return _credentials_in(entry, may_lack_padding=may_lack_padding)
    except (DocumentError, binascii.Error):
        raise ConfigurationError(
            f"credentials in {source}: the entry {key!r} is malformed",
            advice="remove it from the file, and log in again",
        ) from None


def _credentials_in(entry: GoMembers, *, may_lack_padding: bool) -> Credentials | None:
    username, password = entry.text("username", ""), entry.text("password", "")
    if encoded := entry.text("auth", ""):
        # Like Go's decoder, this ignores line ends; bytes outside UTF-8 are kept.
        encoded = encoded.replace("\r", "").replace("\n", "")
        if may_lack_padding and not encoded.endswith("="):
            encoded += "=" * (-len(encoded) % 4)
        decoded = base64.b64decode(encoded, validate=True)
        username, colon, password = decoded.decode("utf-8", "surrogateescape").partition(":")
        if not colon:
            raise DocumentError(f"{entry.where}: 'auth' is not name:password")
        password = password.rstrip("\0")
    credentials = Credentials(username, password, entry.text("identitytoken", ""), entry.text("registrytoken", ""))
    is_empty = not (credentials.username or credentials.identity_token or credentials.registry_token)
    return None if is_empty else credentials
