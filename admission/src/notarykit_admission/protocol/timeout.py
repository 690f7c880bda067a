"""Time that a caller waits: `?timeout=`, which the API server appends to each webhook's address."""

import re

from notarykit_admission.errors import RequestError
from notarykit_admission.message import one_line

LONGEST_TIMEOUT = 300.0
# Go's time.Duration.String writes hours, minutes and seconds, or one smaller unit.
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(h|ms|m|s|us|µs|ns)")
# What is left for the way back, and for what waits its turn in a busy program.
_SHARE, _LONGEST_MARGIN = 0.2, 0.5


def parse_timeout(text: str) -> float:
    """Returns a duration as Go writes it, such as `10s` or `1m30s`, in seconds.

    Raises:
        RequestError: It is malformed, zero, or longer than five minutes.
    """
    parts = _PART.findall(text)
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or not 0 < seconds <= LONGEST_TIMEOUT:
        raise RequestError(one_line(f"timeout {text!r} is not a duration of up to 5 minutes, such as 10s"))
    return seconds


def time_to_decide(timeout: float) -> float:
    """Returns the seconds within which an answer must be ready so that it arrives before the caller's timeout."""
    return timeout - min(_LONGEST_MARGIN, _SHARE * timeout)
