"""Records without `typing`: the same as its own, and what they cost."""

import pickle
import subprocess
import sys
import typing
from typing import Any

import pytest

from notarykit._internal.light_namedtuple import LightNamedTuple

_LATER = """
class Record({base}):
    '''A record.'''
    one: int
    two: "str" = "x"
    three: "list[int] | None" = None

    def both(self) -> str:
        return f"{{self.one}} {{self.two}}"

    @classmethod
    def make(cls) -> "Record":
        return cls(7)

    @property
    def sized(self) -> int:
        return len(self)
"""


def _made(base: Any) -> Any:
    namespace: dict[str, Any] = {"Base": base, "__name__": __name__}
    exec(compile("from __future__ import annotations\n" + _LATER.format(base="Base"), "records", "exec"), namespace)
    return namespace["Record"]


Record = _made(LightNamedTuple)
_Theirs = _made(typing.NamedTuple)


def _told(kind: Any) -> dict[str, Any]:
    """What can be seen of a record."""
    made, other = kind(1), kind(1, "y", three=[2])
    return {
        "fields": kind._fields,
        "defaults": kind._field_defaults,
        "annotations": sorted(kind.__annotations__),
        "repr": [repr(made), repr(other)],
        "equal": [made == (1, "x", None), made == kind(1, "x"), made == other, hash(made) == hash((1, "x", None))],
        "replaced": repr(made._replace(two="z")),
        "dict": other._asdict(),
        "made": repr(kind._make([1, 2, 3])),
        "order": sorted([kind(2), made]) == [made, kind(2)],
        "own": [made.both(), repr(kind.make()), made.sized],
        "tuple": [isinstance(made, tuple), *other],
        "names": [kind.__name__, kind.__qualname__, kind.__module__, kind.__doc__],
        "match": kind.__match_args__,
        "slots": hasattr(made, "__dict__"),
    }


def test_behaves_like_typing_namedtuple() -> None:
    """A record does in every way what one of `typing` does."""
    assert _told(Record) == _told(_Theirs)


@pytest.mark.parametrize(
    "make",
    [lambda kind: kind(), lambda kind: kind(1, 2, 3, 4), lambda kind: kind(1, x=4), lambda kind: kind(1, one=1)],
)
def test_wrong_arguments_raise_type_error(make: Any) -> None:
    """A member too few, too many, unknown or twice is an error in both."""
    for kind in (Record, _Theirs):
        with pytest.raises(TypeError):
            make(kind)


def test_fields_are_read_only() -> None:
    """A record is what it was made as."""
    record = Record(1)
    for name in ("one", "other"):
        with pytest.raises(AttributeError):
            setattr(record, name, 2)


def test_record_survives_pickling() -> None:
    """A record survives being written down."""
    record = Record(1, three=[2])
    again = pickle.loads(pickle.dumps(record))
    assert (again, type(again)) == (record, Record)


def test_record_can_be_subclassed() -> None:
    """A class may be made of a record."""

    class More(Record):  # type: ignore[misc, valid-type]
        def __new__(cls, one: int) -> Any:
            return super().__new__(cls, one + 1, "more")

    assert More(1) == (2, "more", None)


def test_typing_is_not_imported() -> None:
    """Neither `typing` nor `dataclasses` is imported for it."""
    heavy = "{'typing', 'dataclasses', 're'}"
    script = f"import sys, notarykit._internal.light_namedtuple; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {script}"],
        capture_output=True, text=True, check=True)  # fmt: skip
    assert done.stdout == "[]\n"


def test_field_without_default_after_one_with_default_is_refused() -> None:
    """A member without a value cannot follow one with a value, as in any call."""
    with pytest.raises(TypeError):

        class _Wrong(LightNamedTuple):
            first: int = 1
            second: str  # type: ignore[misc]
