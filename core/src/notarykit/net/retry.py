"""Retries: transient statuses, exponential backoff with jitter, Retry-After."""

import random
import time

_FIRST_PAUSE = 0.25
_LONGEST_PAUSE = 8.0
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


def is_transient(status: int) -> bool:
    """Returns True for the status of a fault that another attempt may not meet."""
    return status in _TRANSIENT


def backoff(attempt: int) -> float:
    """Returns the seconds to wait after an attempt, counted from 1: doubled each time, with jitter."""
    longest = min(_FIRST_PAUSE * 2 ** (attempt - 1), _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 - jitter, no secret


def parse_retry_after(value: str) -> float:
    """Converts Retry-After (RFC 9110, section 10.2.3), seconds or a date, to seconds from now; 0 where malformed."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return 0.0
