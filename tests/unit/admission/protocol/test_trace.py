"""The trace that a request belongs to."""

import pytest

from notarykit_admission.protocol.trace import parse_traceparent

_TRACE, _PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


def test_traceparent() -> None:
    """The header field's second part is the trace."""
    assert parse_traceparent(f"00-{_TRACE}-{_PARENT}-01") == _TRACE


@pytest.mark.parametrize(
    "text",
    [
        "",
        _TRACE,
        f"00-{_TRACE.upper()}-{_PARENT}-01",
        f"00-{'0' * 32}-{_PARENT}-01",
        f"00-{_TRACE}-{'0' * 16}-01",
        f"00-{_TRACE}-{_PARENT}",
        f"00-{_TRACE}-{_PARENT}-01-more",
        f"ff-{_TRACE}-{_PARENT}-01",
        f"00-{_TRACE}-{_PARENT}-01\n",
        "x" * 10_000,
    ],
)
def test_what_is_no_trace(text: str) -> None:
    """Anything else is none, so that nobody writes into the log what he likes."""
    assert parse_traceparent(text) == ""
