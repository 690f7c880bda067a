"""DER taken apart and put together: the forms of lengths and integers."""

import pytest
from asn1crypto import core  # type: ignore[import-untyped]

from notarykit.keys.der import INTEGER, SEQUENCE, check_der, element, elements, integer

_SIZES = (0, 1, 127, 128, 129, 255, 256, 257, 65535, 65536, 70000)


@pytest.mark.parametrize("size", _SIZES)
def test_an_element_of_each_size(size: int) -> None:
    """A length has as few bytes as it can, and what is put together is what is taken apart."""
    content = bytes(size)
    made = element(0x04, content)
    assert made == core.OctetString(content).dump()
    assert list(elements(made)) == [(0x04, made, content)]


@pytest.mark.parametrize(
    "value", [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 2**63, -(2**63), 2**159 - 1]
)
def test_integers(value: int) -> None:
    """An integer has as few bytes as it can, with its sign."""
    made = integer(value)
    assert made == core.Integer(value).dump()
    assert made[0] == INTEGER


def test_elements_in_a_row() -> None:
    """Elements come in their order, each as tag, whole and content."""
    parts = [element(0x04, bytes(size)) for size in _SIZES] + [integer(7), b"\x05\x00"]
    found = list(elements(b"".join(parts)))
    assert [whole for _, whole, _ in found] == parts
    assert [tag for tag, _, _ in found] == [part[0] for part in parts]
    assert list(elements(b"")) == []


def test_elements_inside_an_element() -> None:
    """What is inside is taken apart when it is asked for."""
    inner = element(SEQUENCE, integer(1) + integer(2))
    ((_, _, content),) = elements(element(SEQUENCE, inner + inner))
    assert [whole for _, whole, _ in elements(content)] == [inner, inner]


def test_views_are_not_copied() -> None:
    """Taken from a view, the parts are views of the same bytes."""
    made = bytearray(element(0x04, b"abc"))
    ((_, whole, content),) = elements(memoryview(made))
    assert isinstance(whole, memoryview)
    made[2] = ord("x")
    assert bytes(content) == b"xbc"


@pytest.mark.parametrize("der", ["2203020101", "2403040100", "25020500", "0602 2a86", "0600", "05 01 00"])
def test_what_is_no_der(der: str) -> None:
    """Only sequences and sets are constructed, and an identifier ends where its last arc ends."""
    with pytest.raises(ValueError, match=r"constructed|identifier|NULL"):
        check_der(bytes.fromhex(der))
