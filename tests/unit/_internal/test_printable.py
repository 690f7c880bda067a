"""Foreign text for terminals: what acts on them is escaped, at little cost."""

import sys
import tracemalloc

import pytest

from notarykit._internal.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain text, Grüße, 日本, \U0001f600", "plain text, Grüße, 日本, \U0001f600"),
        ("\x1b[2J\r\n\t\0\x7f", r"\x1b[2J\r\n\t\x00\x7f"),
        ("\x9b31m", r"\x9b31m"),
        ("evil\u202egpj.exe\u2066", r"evil\u202egpj.exe\u2066"),
        ("\u2028 \xa0\ufeff\u200b", r"\u2028 \xa0\ufeff\u200b"),
        ("\U000e0001", r"\U000e0001"),
        ("not UTF-8: \udcff", r"not UTF-8: \udcff"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    """Letters of all scripts stay, and characters that do something become their escapes."""
    assert printable(text) == shown


def test_every_character() -> None:
    """Whatever character comes, what is shown is printable, and no two are shown alike."""
    codes = [*range(0x3000), *range(0x3000, sys.maxunicode + 1, 29)]  # more than are remembered
    characters = list(map(chr, codes))
    shown = [printable(character) for character in characters]
    assert all(map(str.isprintable, shown))
    assert len(set(shown)) == len(characters)
    assert printable("".join(characters)) == "".join(shown)


def test_memory_is_that_of_the_text() -> None:
    """A signature may hold many megabytes of control characters, and costs no more than a few times as much."""
    text = "\x1b" * 1_000_000
    tracemalloc.start()
    try:
        assert printable(text) == r"\x1b" * 1_000_000
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
