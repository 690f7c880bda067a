"""Key ids: PKCS#11 URIs (RFC 7512)."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

from notarykit.errors import PluginValidationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEME = "pkcs11:"

# RFC 7512, section 2.3: what may be in the path, and in the query.
_TOKEN = ("token", "manufacturer", "serial", "model")
_SLOT = ("slot-manufacturer", "slot-description", "slot-id")
_LIBRARY = ("library-manufacturer", "library-description", "library-version")
_PATH = (*_TOKEN, *_SLOT, *_LIBRARY, "object", "type", "id")
_QUERY = ("pin-source", "module-name", "module-path")
_FORM = re.compile(r"([A-Za-z0-9_-]+)=((?:[A-Za-z0-9\-._~:\[\]@!$'()*+,=&/?|]|%[0-9A-Fa-f]{2})*)")
_NUMBER, _VERSION = re.compile(r"([0-9]{1,20})"), re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_UNQUOTED = "-._~:[]@!$'()*+,=&"


class KeyUri(NamedTuple):
    """A URI that names a private key.

    Attributes:
        text: The URI as it was given.
        where: What is said of the token, the slot and the library, by the attributes' names.
        label: The key's label (CKA_LABEL), or None for any.
        id: The key's id (CKA_ID), or None for any.
        module_path: The module's file.
        module_name: The module's name, as p11-kit has it.
        pin_source: Where the PIN comes from.
    """

    text: str
    where: dict[str, str]
    label: str | None
    id: bytes | None
    module_path: str | None
    module_name: str | None
    pin_source: str | None


def parse(text: str) -> KeyUri:
    """What a URI says.

    Raises:
        PluginValidationError: It is none, it has an attribute that is not known or twice, or it holds a PIN.
    """
    if re.search(r"pin.?value", unquote(text, errors="replace"), re.IGNORECASE):  # nothing of it is shown
        raise _refused("a PIN must not be in it", "use pin-source, or $PKCS11_PIN")
    if not text.startswith(SCHEME):
        raise PluginValidationError(
            f"the key id {text!r} is no PKCS#11 URI",
            advice="use pkcs11:token=LABEL;object=LABEL or pkcs11:token=LABEL;id=%01",
        )
    path, _, query = text.removeprefix(SCHEME).partition("?")
    found = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
    if _text(found, "type") not in (None, "private"):
        raise _refused("it names no private key", "write type=private, or leave it out")
    where = {name: _text(found, name) or "" for name in (*_TOKEN, *_SLOT, *_LIBRARY) if name in found}
    for name, form in (("slot-id", _NUMBER), ("library-version", _VERSION)):
        if name in where:
            where[name] = _numbers(where[name], name, form)
    return KeyUri(
        text,
        where,
        _text(found, "object"),
        found.get("id"),
        _text(found, "module-path"),
        _text(found, "module-name"),
        _text(found, "pin-source"),
    )


def uri_of(where: Mapping[str, str], label: str = "", id: bytes = b"") -> str:  # noqa: A002 - the attribute's name
    """The URI of a key, or of a token alone; what is empty is left out."""
    named = {**where, "object": label}
    parts = [f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in named.items() if value]
    if id:
        parts.append("id=" + "".join(f"%{byte:02x}" for byte in id))
    if label or id:
        parts.append("type=private")
    return SCHEME + ";".join(parts)


def _attributes(text: str, separator: str, known: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for part in text.split(separator) if text else []:
        match = _FORM.fullmatch(part)
        if match is None:
            raise _refused(f"{part!r} is no attribute with a value", "write other characters as %XX")
        name = match[1]
        if name not in known:
            raise _refused(f"the attribute {name!r} is not known here", f"use {', '.join(known)}")
        if name in found:
            raise _refused(f"the attribute {name!r} is there twice")
        found[name] = unquote_to_bytes(match[2])
    return found


def _numbers(text: str, name: str, form: re.Pattern[str]) -> str:
    """Numbers as modules tell them; a version without its second part has 0 there (RFC 7512, section 2.3)."""
    match = form.fullmatch(text)
    if match is None:
        raise _refused(
            f"{name} is no {'number' if form is _NUMBER else 'version'}", "see 'notarykit plugin doctor pkcs11'"
        )
    return ".".join(str(int(part or "0")) for part in match.groups())


def _text(found: dict[str, bytes], name: str) -> str | None:
    if name not in found:
        return None
    try:
        text = found[name].decode()
    except UnicodeDecodeError:
        raise _refused(f"the attribute {name!r} is not UTF-8") from None
    if "\0" in text:
        raise _refused(f"the attribute {name!r} has a zero in it")
    return text


def _refused(why: str, advice: str = "") -> PluginValidationError:
    return PluginValidationError(f"the PKCS#11 URI cannot be used: {why}", advice=advice)
