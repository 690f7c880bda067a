"""Strict JSON: refuses documents that two parsers could understand differently.

Python's own parser keeps the last of duplicate members, reads NaN and Infinity and accepts lone surrogates; signatures,
policies and manifests must have none of them.
"""

from __future__ import annotations

import json

from notarykit._internal.encodings import foreign_encoding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, NoReturn, Self


class DocumentError(ValueError):
    """A JSON document is malformed, or a member has a wrong type or value; the text names the member and the reason."""


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise DocumentError(f"member {twice!r} occurs twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise DocumentError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise DocumentError(f"number {text[:20]} is out of range")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_unique_members, parse_constant=_no_constant, parse_float=_finite)


def loads(data: bytes, most_parts: int = 1_000_000) -> Any:
    """Parses one JSON document (RFC 8259) in UTF-8.

    Args:
        data: The document.
        most_parts: Limit on commas and opening brackets, each of which can cost a hundred times its size in memory.

    Raises:
        DocumentError: It is not UTF-8 or not one JSON document, has a duplicate member, a lone surrogate or too many
            parts, or nests too deeply.
    """
    if not isinstance(data, bytes):
        raise TypeError(f"a JSON document must be given as bytes, not as {type(data).__name__}")
    if foreign := foreign_encoding(data):  # RFC 8259, section 8.1: no byte order mark
        raise DocumentError(foreign)
    if len(data) > most_parts and len(data) - len(data.translate(None, b",[{")) > most_parts:
        raise DocumentError(f"it has more than {most_parts} parts")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentError(f"not UTF-8 at byte {error.start}") from None
    try:
        value = _DECODER.decode(text)
    except DocumentError:
        raise
    except json.JSONDecodeError as error:
        raise DocumentError(f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise DocumentError("nested too deeply") from None
    except ValueError:  # Python's limit on the digits of an integer
        raise DocumentError("a number has too many digits") from None
    if "\\" in text and "\\u" in text:  # the first alone is faster
        _refuse_lone_surrogates(value)
    return value


def _refuse_lone_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:  # the encoder stops a little earlier than the decoder
        raise DocumentError("nested too deeply") from None
    except UnicodeEncodeError:
        raise DocumentError("a string holds half of a surrogate pair") from None


def dumps(value: object) -> bytes:
    """Serializes to compact JSON in UTF-8, members in insertion order."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")


_KINDS: dict[type, str] = {
    str: "a string", bool: "a boolean", int: "an integer", float: "a number", list: "an array", dict: "an object",
    type(None): "null",
}  # fmt: skip


class Members:
    """JSON object with typed access to its members; errors name the object and the member."""

    def __init__(self, value: object, where: str) -> None:
        if type(value) is not dict:
            raise DocumentError(f"{where} must be an object, not {_KINDS[type(value)]}")
        self.value: dict[str, Any] = value
        self.where = where

    def __contains__(self, name: str) -> bool:
        return name in self.value

    def only(self, *names: str) -> None:
        """Refuses members other than these."""
        if unknown := self.unknown(*names):
            raise DocumentError(f"{self.where} has the unknown member {unknown[0]!r}")

    def no_look_alikes(self, *names: str) -> None:
        """Refuses members that case-insensitive parsers, such as Go's, take for one of these."""
        others = self.unknown(*names)
        if not others:
            return
        folded = {name.casefold(): name for name in names}
        for name in others:
            if known := folded.get(name.casefold()):
                raise DocumentError(f"{self.where} has the member {name!r}, which looks like {known!r}")

    def unknown(self, *names: str) -> list[str]:
        """Returns the names of members that are not among these."""
        return [name for name in self.value if name not in names]

    def _typed(self, name: str, kind: type) -> Any:
        value = self.value.get(name)
        if type(value) is not kind:
            if name not in self.value:
                raise DocumentError(f"{self.where} has no member {name!r}")
            raise DocumentError(f"{self.where}: {name!r} must be {_KINDS[kind]}, not {_KINDS[type(value)]}")
        return value

    def text(self, name: str, otherwise: str | None = None) -> str:
        """Returns a string, or the default where the member is absent; without a default it is required."""
        if otherwise is not None and name not in self:
            return otherwise
        text: str = self._typed(name, str)
        return text

    def filled(self, name: str) -> str:
        """Returns a required string that is not empty."""
        text = self.text(name)
        if not text:
            raise DocumentError(f"{self.where}: {name!r} must not be empty")
        return text

    def integer(self, name: str) -> int:
        """Returns a required integer."""
        number: int = self._typed(name, int)
        return number

    def boolean(self, name: str, *, otherwise: bool | None = None) -> bool:
        """Returns a boolean, or the default where the member is absent; without a default it is required."""
        if otherwise is not None and name not in self:
            return otherwise
        value: bool = self._typed(name, bool)
        return value

    def array(self, name: str, otherwise: list[Any] | None = None) -> list[Any]:
        """Returns an array, or the default where the member is absent; without a default it is required."""
        if otherwise is not None and name not in self:
            return otherwise
        items: list[Any] = self._typed(name, list)
        return items

    def texts(self, name: str, otherwise: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Returns an array of strings, or the default where the member is absent; without a default it is required."""
        if otherwise is not None and name not in self:
            return otherwise
        items = self.array(name)
        for item in items:
            if type(item) is not str:
                raise DocumentError(f"{self.where}: {name!r} must hold only strings, not {_KINDS[type(item)]}")
        return tuple(items)

    def object(self, name: str) -> Self:
        """Returns a required object."""
        return type(self)(self._typed(name, dict), f"{self.where}: {name!r}")

    def text_map(self, name: str) -> Mapping[str, str]:
        """Returns an object whose values are all strings, or an empty one where the member is absent."""
        if name not in self:
            return {}
        members = {key: self._in_map(value) for key, value in self._typed(name, dict).items()}
        for key, value in members.items():
            if type(value) is not str:
                raise DocumentError(f"{self.where}: {name!r}: {key!r} must be a string, not {_KINDS[type(value)]}")
        return members

    def _in_map(self, value: Any) -> Any:
        return value


class GoMembers(Members):
    """JSON object by the rules of Go's encoding/json: null is an absent member, and an empty string in a map.

    It encodes nil as null, and ignores null when it decodes.
    """

    def __contains__(self, name: str) -> bool:
        return self.value.get(name) is not None

    def _in_map(self, value: Any) -> Any:
        return "" if value is None else value
