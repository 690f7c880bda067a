"""Marks that editors and shells leave around a secret."""

import pytest

from notarykit._internal.secret_text import mark_in, without_marks


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"1234", b"1234"),
        (b"1234\n", b"1234"),
        (b"1234\r\n", b"1234"),
        (b"1234\r", b"1234"),
        (b"\xef\xbb\xbf1234\r\n", b"1234"),
        (b"1234\n\n", b"1234\n"),
        (b" 12\r34 \n", b" 12\r34 "),
        (b"12\xef\xbb\xbf34", b"12\xef\xbb\xbf34"),
        (b"\xef\xbb\xbf", b""),
        (b"", b""),
    ],
)
def test_marks_around_a_secret_are_stripped(content: bytes, secret: bytes) -> None:
    """One mark before a secret and one line end after it are the file's; all else is the secret's."""
    assert without_marks(content) == secret


@pytest.mark.parametrize(
    ("secret", "mark"),
    [
        (b"\xef\xbb\xbf1234", "begins with a byte order mark"),
        (b"1234\r", "ends with a carriage return"),
        (b"1234\n", "ends with a line end"),
        (b"1234\r\n", "ends with a line end"),
        ("\ufeff1234\r\n".encode("utf-16-le"), "is in UTF-16, and UTF-8 is read"),
        ("\ufeff1234".encode("utf-16-be"), "is in UTF-16, and UTF-8 is read"),
        (b"\xff\xfe\x80secret", ""),
        (b"\t12\r34 ", ""),
        (b"", ""),
    ],
)
def test_stray_mark_is_named(secret: bytes, mark: str) -> None:
    """A mark at an end is named; within, and bytes that are no text, it may be part of the secret."""
    assert mark_in(secret) == mark
