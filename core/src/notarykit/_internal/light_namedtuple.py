"""Named tuples without importing `typing`, which takes as long as starting an interpreter.

Type checkers see `typing.NamedTuple`; both create a class with `collections.namedtuple`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as LightNamedTuple
else:
    from collections import namedtuple

    class _FieldsToTuple(type):
        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members.pop("__annotations__", {})
            with_default = [field for field in fields if field in members]
            defaults = [members.pop(field) for field in with_default]
            if with_default != list(fields)[len(fields) - len(with_default) :]:
                raise TypeError(f"{name}: a field without a default follows one with a default")
            base = namedtuple(name, fields, defaults=defaults)
            return type(name, (base,), {**members, "__slots__": (), "__annotations__": fields})

    class LightNamedTuple(metaclass=_FieldsToTuple):
        """Base of records: annotated names are the fields, in this order; those with defaults come last."""


__all__ = ["LightNamedTuple"]
