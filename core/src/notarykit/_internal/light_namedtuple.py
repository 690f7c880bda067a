"""`NamedTuple` for modules that must not pay for `typing`: importing that takes as long as an interpreter's start.

Type checkers are shown `typing.NamedTuple`; what both make is a class of `collections.namedtuple`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import namedtuple

    class _Maker(type):
        def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, object]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, members)
            fields = members.pop("__annotations__", {})
            with_value = [field for field in fields if field in members]
            defaults = [members.pop(field) for field in with_value]
            if with_value != list(fields)[len(fields) - len(with_value) :]:
                raise TypeError(f"{name}: a member without a value follows one with a value")
            made = namedtuple(name, fields, defaults=defaults)
            return type(name, (made,), {**members, "__slots__": (), "__annotations__": fields})

    class NamedTuple(metaclass=_Maker):
        """A record: each annotated name is a member, in this order; those with a value come last."""


__all__ = ["NamedTuple"]
