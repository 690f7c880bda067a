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

# RFC 7512, section 2.3: the attributes of the path, and of the query.
_TOKEN = ("token", "manufacturer", "serial", "model")
_SLOT = ("slot-manufacturer", "slot-description", "slot-id")
_LIBRARY = ("library-manufacturer", "library-description", "library-version")
_PATH = (*_TOKEN, *_SLOT, *_LIBRARY, "object", "type", "id")
_QUERY = ("pin-source", "module-name", "module-path")
_ATTRIBUTE = re.compile(r"([A-Za-z0-9_-]+)=((?:[A-Za-z0-9\-._~:\[\]@!$'()*+,=&/?|]|%[0-9A-Fa-f]{2})*)")
_NUMBER, _VERSION = re.compile(r"([0-9]{1,20})"), re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,3}))?")
_UNQUOTED = "-._~:[]@!$'()*+,=&"


class KeyUri(NamedTuple):
    """PKCS#11 URI of a private key.

    Attributes:
        text: The URI as written.
        token_attributes: Attributes of the token, the slot and the library, by name.
        label: Label of the key (CKA_LABEL), or None for any.
        id: CKA_ID of the key, or None for any.
        module_path: File of the module.
        module_name: Name of the module in p11-kit's configuration.
        pin_source: File, or program after `|`, that holds the PIN.
    """

    text: str
    token_attributes: dict[str, str]
    label: str | None
    id: bytes | None
    module_path: str | None
    module_name: str | None
    pin_source: str | None


def parse_uri(text: str) -> KeyUri:
    """Parses a key id.

    Raises:
        PluginValidationError: The text is not a PKCS#11 URI, has an unknown or duplicate attribute, or contains a PIN.
    """
    if re.search(r"pin.?value", unquote(text, errors="replace"), re.IGNORECASE):  # no part of it is shown
        raise _invalid("it must not contain a PIN", "use pin-source, or $PKCS11_PIN")
    if not text.startswith(SCHEME):
        raise PluginValidationError(
            f"the key id {text!r} is not a PKCS#11 URI",
            advice="use pkcs11:token=LABEL;object=LABEL or pkcs11:token=LABEL;id=%01",
        )
    path, _, query = text.removeprefix(SCHEME).partition("?")
    attributes = _attributes(path, ";", _PATH) | _attributes(query, "&", _QUERY)
    if _text(attributes, "type") not in (None, "private"):
        raise _invalid("its type is not private", "write type=private, or leave it out")
    token_attributes = {
        name: _text(attributes, name) or "" for name in (*_TOKEN, *_SLOT, *_LIBRARY) if name in attributes
    }
    for name, form in (("slot-id", _NUMBER), ("library-version", _VERSION)):
        if name in token_attributes:
            token_attributes[name] = _normalized(token_attributes[name], name, form)
    return KeyUri(
        text,
        token_attributes,
        _text(attributes, "object"),
        attributes.get("id"),
        _text(attributes, "module-path"),
        _text(attributes, "module-name"),
        _text(attributes, "pin-source"),
    )


def format_uri(token_attributes: Mapping[str, str], label: str = "", id: bytes = b"") -> str:  # noqa: A002 - the attribute's name
    """Formats the URI of a key, or of a token alone; empty attributes are left out."""
    attributes = {**token_attributes, "object": label}
    parts = [f"{name}={quote(value, safe=_UNQUOTED)}" for name, value in attributes.items() if value]
    if id:
        parts.append("id=" + "".join(f"%{byte:02x}" for byte in id))
    if label or id:
        parts.append("type=private")
    return SCHEME + ";".join(parts)


def _attributes(text: str, separator: str, known: tuple[str, ...]) -> dict[str, bytes]:
    attributes: dict[str, bytes] = {}
    for part in text.split(separator) if text else []:
        match = _ATTRIBUTE.fullmatch(part)
        if match is None:
            raise _invalid(f"{part!r} is not of the form name=value", "write other characters as %XX")
        name = match[1]
        if name not in known:
            raise _invalid(f"unknown attribute {name!r}", f"use {', '.join(known)}")
        if name in attributes:
            raise _invalid(f"duplicate attribute {name!r}")
        attributes[name] = unquote_to_bytes(match[2])
    return attributes


def _normalized(text: str, name: str, form: re.Pattern[str]) -> str:
    """Returns a number or version as modules report it; a missing minor version is 0 (RFC 7512, section 2.3)."""
    match = form.fullmatch(text)
    if match is None:
        raise _invalid(
            f"{name} is not a {'number' if form is _NUMBER else 'version'}", "see 'notarykit plugin doctor pkcs11'"
        )
    return ".".join(str(int(part or "0")) for part in match.groups())


def _text(attributes: dict[str, bytes], name: str) -> str | None:
    if name not in attributes:
        return None
    try:
        text = attributes[name].decode()
    except UnicodeDecodeError:
        raise _invalid(f"the attribute {name!r} is not UTF-8") from None
    if "\0" in text:
        raise _invalid(f"the attribute {name!r} contains a null character")
    return text


def _invalid(reason: str, advice: str = "") -> PluginValidationError:
    return PluginValidationError(f"invalid PKCS#11 URI: {reason}", advice=advice)
