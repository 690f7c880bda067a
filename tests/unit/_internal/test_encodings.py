"""Files in another encoding than UTF-8 are known by how they begin."""

import pytest

from notarykit._internal.encodings import foreign_encoding


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"", ""),
        (b"{", ""),
        ("{ü}".encode(), ""),
        (b"\xef\xbb", ""),
        ("{}".encode("utf-8-sig"), "it begins with a byte order mark: save it as UTF-8 without one"),
        ("{}".encode("utf-16"), "it is in UTF-16: save it as UTF-8"),
        (b"\xfe\xff\0{", "it is in UTF-16: save it as UTF-8"),
        ("{}".encode("utf-16-le"), "it is in UTF-16: save it as UTF-8"),
        ("{}".encode("utf-16-be"), "it is in UTF-16: save it as UTF-8"),
        (b"\x30\x82\0\0", ""),
    ],
)
def test_foreign_encoding_is_recognized_by_its_first_bytes(content: bytes, named: str) -> None:
    """A byte order mark and UTF-16 are named with what to do; text in UTF-8 and DER are not."""
    assert foreign_encoding(content) == named
