"""DER taken apart and put together: the forms of lengths and integers."""

import pytest
from asn1crypto import core  # type: ignore[import-untyped]

from notarykit.keys.der import INTEGER, SEQUENCE, check_bounds, check_der, element, elements, integer

_SIZES = (0, 1, 127, 128, 129, 255, 256, 257, 65535, 65536, 70000)


@pytest.mark.parametrize("size", _SIZES)
def test_element_of_each_size_is_read(size: int) -> None:
    """A length has as few bytes as it can, and what is put together is what is taken apart."""
    content = bytes(size)
    made = element(0x04, content)
    assert made == core.OctetString(content).dump()
    assert list(elements(made)) == [(0x04, made, content)]


@pytest.mark.parametrize(
    "value", [0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, -32769, 2**63, -(2**63), 2**159 - 1]
)
def test_integer_is_read(value: int) -> None:
    """An integer has as few bytes as it can, with its sign."""
    made = integer(value)
    assert made == core.Integer(value).dump()
    assert made[0] == INTEGER


def test_elements_in_a_row_are_read() -> None:
    """Elements come in their order, each as tag, whole and content."""
    parts = [element(0x04, bytes(size)) for size in _SIZES] + [integer(7), b"\x05\x00"]
    found = list(elements(b"".join(parts)))
    assert [whole for _, whole, _ in found] == parts
    assert [tag for tag, _, _ in found] == [part[0] for part in parts]
    assert list(elements(b"")) == []


def test_nested_elements_are_read() -> None:
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


@pytest.mark.parametrize(
    "der",
    [
        *("3000", "0500", "0101ff", "010100", "020100", "0201ff", "02020080", "06022a03", "30060201010201ff"),
        "048180" + "00" * 128,
    ],
)
def test_der_is_accepted(der: str) -> None:
    """What is in its one form passes both checks."""
    check_der(bytes.fromhex(der))
    check_bounds(bytes.fromhex(der))


@pytest.mark.parametrize(
    ("der", "text"),
    [
        ("30800000", "shortest form"),
        ("048103010203", "shortest form"),
        ("04820080" + "00" * 128, "shortest form"),
        ("0480", "of indefinite length"),
        ("04850000000001ff", "a length is too long"),
        ("0402ff", "it ends too early"),
        ("04", "it ends too early"),
        ("0482", "it ends too early"),
        ("3003040200", "it ends too early"),
        ("0500 00", "something follows"),
        ("1f2000", "a tag of several bytes"),
        ("02020001", "an integer"),
        ("0202ff80", "an integer"),
        ("0a0200 01", "an integer"),
        ("0200", "an integer"),
        ("010101", "a boolean"),
        ("0100", "a boolean"),
        ("1000", "primitive"),
        ("3106020102020101", "order"),
    ],
)
def test_other_forms_are_refused(der: str, text: str) -> None:
    """X.690, sections 8 to 11: two readers could understand it differently."""
    with pytest.raises(ValueError, match=text):
        check_der(bytes.fromhex(der))


def test_depth_is_limited() -> None:
    """Both checks have an end where a reader would go on."""
    shallow = deep = b"\x05\x00"
    for _ in range(20):
        shallow = element(SEQUENCE, shallow)
    for _ in range(30):
        deep = element(SEQUENCE, deep)
    for check in (check_der, check_bounds):
        check(shallow)
        with pytest.raises(ValueError, match="nests too deeply"):
            check(deep)


@pytest.mark.parametrize("ber", ["30800000", "308005000000", "24800401000401000000", "3080308000000000"])
def test_indefinite_length_is_read_as_ber(ber: str) -> None:
    """X.690, section 8.1.3.6: BER may mark the end of what is constructed; DER may not."""
    check_bounds(bytes.fromhex(ber))
    with pytest.raises(ValueError, match=r"shortest form|constructed"):
        check_der(bytes.fromhex(ber))


@pytest.mark.parametrize(
    ("ber", "text"),
    [
        ("3080", "it ends too early"),
        ("308000020500", "the end of an indefinite length has content"),
        ("3080008100", "the end of an indefinite length has content"),
        ("30800500", "it ends too early"),
        ("04800000", "it is primitive, and of indefinite length"),
        ("1f2000", "a tag of several bytes"),
        ("0485000000000100", "a length is too long"),
        ("040200", "it ends too early"),
        ("0641" + "2a" * 65, "an object identifier is too long"),
        ("0500" * 20_001, "too many elements"),
    ],
)
def test_malformed_ber_is_refused(ber: str, text: str) -> None:
    """What would cost too much, or is not there, is refused before a library has it."""
    with pytest.raises(ValueError, match=text):
        check_bounds(bytes.fromhex(ber))


@pytest.mark.parametrize("der", ["2203020101", "2403040100", "25020500", "0602 2a86", "0600", "05 01 00"])
def test_malformed_der_is_refused(der: str) -> None:
    """Only sequences and sets are constructed, and an identifier ends where its last arc ends."""
    with pytest.raises(ValueError, match=r"constructed|identifier|NULL"):
        check_der(bytes.fromhex(der))
