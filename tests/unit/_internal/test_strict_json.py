"""JSON that two readers could understand differently is refused; members say which of them is wrong."""

import contextlib
import json
from typing import Any

import pytest

from notarykit._internal.strict_json import DocumentError, GoMembers, Members, dumps, loads


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"", "not JSON"),
        (b" ", "not JSON"),
        (b"{", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"{},", "not JSON"),
        (b"{'a':1}", "not JSON"),
        (b'{"a":1,}', "not JSON"),
        (b"[1,]", "not JSON"),
        (b"// note\n{}", "not JSON"),
        (b"01", "not JSON"),
        (b"+1", "not JSON"),
        (b".5", "not JSON"),
        (b"0x10", "not JSON"),
        (b'"\t"', "not JSON"),
        (b'"a\nb"', "not JSON"),
        (b'"\\x41"', "not JSON"),
        (b"\xef\xbb\xbf{}", "byte order mark: save it as UTF-8 without one"),
        ("{}".encode("utf-16"), "in UTF-16: save it as UTF-8"),
        ("{}".encode("utf-16-be"), "in UTF-16: save it as UTF-8"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'"\xc0\xaf"', "not UTF-8"),
        (b"NaN", "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"[1e400]", "out of range"),
        (b"[-1e400]", "out of range"),
        (b'{"a":1,"a":1}', "'a' occurs twice"),
        (b'{"a":1,"b":2,"\\u0061":3}', "'a' occurs twice"),
        (b'{"x":[{"deep":1,"deep":null}]}', "'deep' occurs twice"),
        (b'"\\ud800"', "surrogate"),
        (b'"\\udc00\\ud800"', "surrogate"),
        (b'{"\\udfff":1}', "surrogate"),
        (b"9" * 5000, "too many digits"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
    ],
)
def test_ambiguous_documents_are_refused(document: bytes, problem: str) -> None:
    """What is not exactly one strict JSON document is refused with its reason."""
    with pytest.raises(DocumentError, match=problem):
        loads(document)


@pytest.mark.parametrize("depth", range(950, 1010))
@pytest.mark.parametrize("ends", [(b"[", b"]"), (b'{"a":', b"}")])
def test_deep_nesting_is_refused_on_both_sides_of_the_encoders_limit(depth: int, ends: tuple[bytes, bytes]) -> None:
    """Around the deepest nesting that can be read, a document is read or refused, and nothing else happens."""
    document = ends[0] * depth + b'"\\u0041"' + ends[1] * depth
    with contextlib.suppress(DocumentError):
        assert loads(document)


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (b" \r\n\t{} \n", {}),
        (b"null", None),
        (b"-0", 0),
        (b"1.5e3", 1500.0),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"\U0001f600"'.encode(), "\U0001f600"),
        (b'"\\u0000"', "\0"),
        (b'{"a":{"a":1}}', {"a": {"a": 1}}),
        (b'{"A":1,"a":2}', {"A": 1, "a": 2}),
        (b'{"":""}', {"": ""}),
    ],
)
def test_valid_documents_are_parsed(document: bytes, value: Any) -> None:
    """Everything that RFC 8259 allows and that means one thing is read."""
    assert loads(document) == value


def test_dumps_is_compact_utf8_in_insertion_order() -> None:
    """Documents are written without spaces, in UTF-8, and in the order of their members."""
    assert dumps({"b": [1, True, None], "a": "ü"}) == '{"b":[1,true,null],"a":"ü"}'.encode()


def test_dumps_refuses_nan_and_infinity() -> None:
    """A number that JSON has no form for is not written."""
    with pytest.raises(ValueError, match="JSON"):
        dumps({"a": float("nan")})


@pytest.mark.parametrize(
    ("value", "kind"),
    [([], "an array"), ("x", "a string"), (1, "an integer"), (True, "a boolean"), (None, "null"), (1.5, "a number")],
)
def test_members_require_an_object(value: Any, kind: str) -> None:
    """Only an object has members, and the message says what was found in its place."""
    with pytest.raises(DocumentError, match=rf"policy must be an object, not {kind}$"):
        Members(value, "policy")


_VALUES: dict[str, Any] = {
    "string": "x", "boolean": True, "integer": 1, "number": 1.5, "array": ["x"], "object": {"x": "y"}, "null": None,
}  # fmt: skip
_READERS = {
    "text": "string", "filled": "string", "boolean": "boolean", "integer": "integer", "array": "array",
    "texts": "array", "object": "object",
}  # fmt: skip


@pytest.mark.parametrize("reader", _READERS)
@pytest.mark.parametrize("kind", _VALUES)
def test_typed_access_refuses_other_types(reader: str, kind: str) -> None:
    """Each reader takes values of its own kind, refuses all others, and takes no boolean for an integer."""
    members = Members({"m": _VALUES[kind]}, "document")
    if kind == _READERS[reader]:
        read = getattr(members, reader)("m")
        assert json.dumps(getattr(read, "value", read)) == json.dumps(_VALUES[kind])
    else:
        with pytest.raises(DocumentError, match=r"document: 'm' must be an? "):
            getattr(members, reader)("m")


@pytest.mark.parametrize("reader", _READERS)
def test_absent_required_member_is_refused(reader: str) -> None:
    """A member that is absent is named."""
    with pytest.raises(DocumentError, match="document has no member 'm'"):
        getattr(Members({}, "document"), reader)("m")


def test_filled_refuses_the_empty_string() -> None:
    """A string that must not be empty is refused when it is."""
    with pytest.raises(DocumentError, match="'m' must not be empty"):
        Members({"m": ""}, "document").filled("m")


def test_texts_refuses_items_that_are_not_strings() -> None:
    """An array of strings with something else in it is refused."""
    with pytest.raises(DocumentError, match="'m' must hold only strings, not an integer"):
        Members({"m": ["x", 1]}, "document").texts("m")


def test_text_map_requires_string_values() -> None:
    """A map of strings may be absent, but holds nothing but strings."""
    assert Members({}, "document").text_map("m") == {}
    assert Members({"m": {"a": "b"}}, "document").text_map("m") == {"a": "b"}
    with pytest.raises(DocumentError, match="'m': 'a' must be a string, not null"):
        Members({"m": {"a": None}}, "document").text_map("m")
    with pytest.raises(DocumentError, match="'m' must be an object, not null"):
        Members({"m": None}, "document").text_map("m")


def test_only_names_the_unknown_member() -> None:
    """A member beyond those that are allowed is named, and upper and lower case are different names."""
    members = Members({"payload": 1, "Payload": 2}, "envelope")
    members.only("payload", "Payload")
    with pytest.raises(DocumentError, match="envelope has the unknown member 'Payload'"):
        members.only("payload")


def test_errors_name_the_path_of_a_nested_object() -> None:
    """A refusal inside a nested object names the way to it."""
    with pytest.raises(DocumentError, match="document: 'outer' has no member 'inner'"):
        Members({"outer": {}}, "document").object("outer").text("inner")
    assert "outer" in Members({"outer": {}}, "document")


@pytest.mark.parametrize("reader", ["text", "boolean", "array", "texts"])
def test_absent_member_yields_the_default(reader: str) -> None:
    """A member that may be absent has a value of the caller's then, and is as strict as any where it is there."""
    otherwise = {"text": "other", "boolean": False, "array": ["other"], "texts": ("other",)}[reader]
    assert getattr(Members({}, "document"), reader)("m", otherwise=otherwise) == otherwise
    for kind in (Members, GoMembers):
        with pytest.raises(DocumentError, match=r"'m' must be an? "):
            getattr(kind({"m": 1}, "document"), reader)("m", otherwise=otherwise)
    with pytest.raises(DocumentError, match=r"'m' must be an? .*, not null"):
        getattr(Members({"m": None}, "document"), reader)("m", otherwise=otherwise)
    assert getattr(GoMembers({"m": None}, "document"), reader)("m", otherwise=otherwise) == otherwise


def test_go_members_treat_null_as_absent() -> None:
    """Where programs in Go write, null is a member that is not there, however deep, and in a map the empty text."""
    members = GoMembers({"m": None, "map": {"a": None, "b": "c"}, "inner": {"m": None}, "x": 1}, "document")
    assert "m" not in members
    assert "x" in members
    assert members.text_map("m") == {}
    assert members.text_map("map") == {"a": "", "b": "c"}
    assert members.object("inner").text("m", "other") == "other"
    with pytest.raises(DocumentError, match="document: 'inner': 'm' must be a string, not null"):
        members.object("inner").text("m")
    assert members.unknown("map", "inner", "x") == ["m"]
