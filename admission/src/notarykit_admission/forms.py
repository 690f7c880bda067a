"""Decoding of JSON by a declared form, with errors that name the member.

As with the API server's own decoder, unknown members are ignored and the last of duplicate ones counts: the sender
of a request decides what is in it, and gains nothing by two readings.
"""

from typing import TypeVar

import msgspec

from notarykit_admission.errors import RequestError
from notarykit_admission.message import one_line

Form = TypeVar("Form")


def decode(decoder: msgspec.json.Decoder[Form], data: bytes | msgspec.Raw, name: str) -> Form:
    """Decodes a document, or a part of one.

    Args:
        decoder: Decoder of the form.
        data: The document in JSON.
        name: Name of the form for messages.

    Raises:
        RequestError: It is no JSON in UTF-8, not of that form, or nested too deeply.
    """
    try:
        return decoder.decode(data)
    except (ValueError, RecursionError) as error:  # not each error of the decoder is its own DecodeError
        raise RequestError(one_line(f"the {name} is malformed: {error}")) from None
