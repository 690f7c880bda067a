"""Limits for bodies, with `requests` and urllib3 reading them."""

import gzip
from io import BytesIO

import pytest
from requests import Response
from requests.exceptions import ContentDecodingError, ReadTimeout
from urllib3 import HTTPResponse

from notarykit.plugin import limit_body
from notarykit.plugin.time_limit import deadline

_LARGEST = 20_000
_LONG = b"x" * 100_000  # several reads of `requests`


def _response(body: bytes, encoding: str = "identity") -> Response:
    """Returns a response whose body has not been read, with limits."""
    response = Response()
    response.raw = HTTPResponse(BytesIO(body), headers={"Content-Encoding": encoding}, preload_content=False)
    limit_body(response, on_excess=ContentDecodingError, on_timeout=ReadTimeout, largest=_LARGEST)
    return response


def test_body_within_the_limit_is_read() -> None:
    """A body of exactly the limit is whole, and attributes of the stream are there as before."""
    response = _response(b"x" * _LARGEST)
    assert response.raw.headers["Content-Encoding"] == "identity"
    assert response.content == b"x" * _LARGEST


@pytest.mark.parametrize("is_compressed", [False, True])
def test_body_beyond_the_limit_is_given_up(is_compressed: bool) -> None:
    """The limit is for what has been decompressed, and the connection is closed."""
    response = _response(gzip.compress(_LONG), "gzip") if is_compressed else _response(_LONG)
    with pytest.raises(ContentDecodingError):
        _ = response.content
    assert response.raw.closed


def test_one_byte_beyond_the_limit_is_too_much() -> None:
    """The limit is exact."""
    with pytest.raises(ContentDecodingError):
        _ = _response(b"x" * (_LARGEST + 1)).content


def test_body_beyond_the_call_is_given_up() -> None:
    """A body that is still on its way when the call ends raises the caller's timeout, and the connection is closed."""
    response = _response(_LONG)
    with deadline(0.0), pytest.raises(ReadTimeout):
        _ = response.content
    assert response.raw.closed
