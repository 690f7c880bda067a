"""Messages: one line each, printable, and of bounded length."""

import string
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit_admission.message import (
    LONGEST_MESSAGE,
    LONGEST_WARNING,
    MOST_WARNINGS,
    join_reasons,
    one_line,
    warning_lines,
)

_ANY_TEXT = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("an image is not signed", "an image is not signed"),
        ("two\nlines\r\n\tand more ", "two lines and more"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("nul\x00", "nul\\x00"),
        ("c1\x9b0m", "c1\\x9b0m"),
        ("turned \u202egnp.exe", "turned \\u202egnp.exe"),
        ("half \ud800", "half \\ud800"),
        ("private \U000f0000", "private \\U000f0000"),
        ("Grüße, 東京 🙂", "Grüße, 東京 🙂"),
        ("", ""),
    ],
)
def test_line(text: str, line: str) -> None:
    """White space becomes a space, what a terminal acts on becomes an escape, and the rest stays."""
    assert one_line(text) == line


@given(_ANY_TEXT)
def test_any_text_is_one_printable_line(text: str) -> None:
    """Whatever the text is, its line is printable, has an encoding, and is not too long."""
    line = one_line(text)
    assert line.isprintable()
    assert len(line.encode()) <= 4 * LONGEST_MESSAGE
    assert len(line) <= LONGEST_MESSAGE
    assert one_line(line) == line


@pytest.mark.parametrize("length", [LONGEST_MESSAGE, LONGEST_MESSAGE + 1, 10_000_000])
def test_long_line_is_cut(length: int) -> None:
    """A text of more characters than the limit ends in an ellipsis."""
    line = one_line("a" * length)
    assert len(line) == LONGEST_MESSAGE
    assert line.endswith("a" if length == LONGEST_MESSAGE else "a…")


def test_escapes_count_towards_the_limit() -> None:
    """Escapes are longer than what they stand for, and the line is cut all the same."""
    assert len(one_line("\x00" * LONGEST_MESSAGE)) == LONGEST_MESSAGE


def test_reasons_are_joined() -> None:
    """Reasons that fit stand beside each other, each as one line."""
    assert join_reasons(["one\nreason"]) == "one reason"
    assert join_reasons(["one", "two", "three"]) == "one; two; three"


def test_reasons_that_do_not_fit_are_counted() -> None:
    """Of too many reasons as many are shown as fit, and the others are counted."""
    assert join_reasons(["a" * 40, "b" * 40, "c" * 40], 100) == f"{'a' * 40}; {'b' * 40}; and 1 more"
    assert join_reasons(["a" * 60, "b" * 60, "c" * 60], 100) == f"{'a' * 60}; and 2 more"
    assert join_reasons(["a" * 100, "b"], 100) == f"{'a' * 87}…; and 1 more"


@given(st.lists(st.text(string.printable), min_size=1, max_size=50), st.integers(100, 1000))
def test_joined_reasons_are_one_line(reasons: list[str], longest: int) -> None:
    """However many reasons there are and however long, the line keeps to the limit."""
    joined = join_reasons(reasons, longest)
    assert len(joined) <= longest
    assert joined.isprintable()


def test_warnings_are_shown_whole_by_the_api_server() -> None:
    """Warnings are lines whose characters are together fewer than the API server's limit of 4,096."""
    lines = warning_lines([f"{number} {'w' * 300}\n" for number in range(50)])
    assert len(lines) == MOST_WARNINGS
    assert sum(map(len, lines)) <= 4096
    assert max(map(len, lines)) == 16 * LONGEST_WARNING // 15 <= 256
    assert lines[-1] == "and 35 more warnings"
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("number", [1, 4, 9, MOST_WARNINGS])
def test_few_warnings_may_be_longer(number: int) -> None:
    """The fewer warnings there are, the longer each may be, up to a message; together they stay below the limit."""
    lines = warning_lines(["w" * 2000] * number)
    assert sum(map(len, lines)) <= 4096
    assert {len(line) for line in lines} == {min(LONGEST_MESSAGE, 3840 // number)}


def test_few_warnings_are_all_shown() -> None:
    """Up to the limit each warning is there."""
    warnings = [str(number) for number in range(MOST_WARNINGS)]
    assert warning_lines(warnings) == tuple(warnings)
    assert warning_lines([]) == ()


def test_every_character_has_a_printable_form() -> None:
    """No code point of Unicode stays a control character."""
    for start in range(0, sys.maxunicode + 1, 256):
        assert one_line("".join(map(chr, range(start, start + 256))), 4000).isprintable()
