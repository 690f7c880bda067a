"""RFC 3339 timestamps, as envelopes and plugin messages carry them."""

import re
from datetime import UTC, datetime

# Section 5.6. The hours are spelled out: datetime.fromisoformat takes 24:00 for the next day from Python 3.14 on.
_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)


def parse_rfc3339(text: str) -> datetime:
    """Parses a timestamp (RFC 3339, section 5.6) and converts it to UTC.

    Digits beyond the microsecond are dropped. A leap second is refused: Python has no such time.

    Raises:
        ValueError: The text does not match the grammar, or is outside the calendar of the years 1 to 9999.
    """
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError("not a time of the form 2006-01-02T15:04:05Z (RFC 3339)")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not a time: {error}") from None


def format_rfc3339(time: datetime) -> str:
    """Formats a time as RFC 3339 in UTC, to the second."""
    # Not strftime: its %Y has fewer than four digits before the year 1000 on some platforms.
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def utc_now() -> datetime:
    """Returns the current time in UTC."""
    return datetime.now(UTC)
