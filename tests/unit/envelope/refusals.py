"""The message with which a parser refuses an envelope."""

from collections.abc import Callable

import pytest

from notarykit.errors import EnvelopeError


def refusal_of(parse: Callable[[bytes], object], envelope: bytes, prefix: str) -> str:
    """Checks that an envelope is refused with a one-line message with a prefix, and returns the message."""
    with pytest.raises(EnvelopeError, match=rf"^{prefix}[^\n]+\Z") as caught:
        parse(envelope)
    return caught.value.message
