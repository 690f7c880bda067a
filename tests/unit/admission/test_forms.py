"""Decoding by a declared form: errors are of one line and name the member."""

import msgspec
import pytest

from notarykit_admission.errors import RequestError
from notarykit_admission.forms import decode


class _Form(msgspec.Struct):
    name: str


_DECODER = msgspec.json.Decoder(_Form)


def test_document_of_the_form() -> None:
    """A document of the form is decoded; unknown members are ignored, and of duplicate ones the last counts."""
    assert decode(_DECODER, b'{"name": "a"}', "form") == _Form("a")
    assert decode(_DECODER, b'{"other": [1], "name": "a", "name": "b"}', "form") == _Form("b")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "Input data was truncated"),
        (b"\xef\xbb\xbf{}", r"JSON is malformed: invalid character \(byte 0\)"),
        (b'{"name": "a"} b', r"JSON is malformed: trailing characters"),
        (b'{"name": NaN}', "JSON is malformed: invalid character"),
        (b'{"name": 7}', r"Expected `str`, got `int` - at `\$\.name`"),
        (b"{}", "Object missing required field `name`"),
        (b'{"name": "\xff"}', "'utf-8' codec can't decode byte 0xff"),
        (b'{"name": "\\ud800"}', ""),
        (b'{"name": ' + b"[" * 100_000, ""),
        (b'{"other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "maximum recursion depth exceeded"),
    ],
)
def test_other_document(document: bytes, message: str) -> None:
    """Everything else is an error with the place."""
    with pytest.raises(RequestError, match=rf"^the form is malformed: {message}") as caught:
        decode(_DECODER, document, "form")
    assert str(caught.value).isprintable()
