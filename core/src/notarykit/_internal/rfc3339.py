"""Times as the envelopes write them: RFC 3339 by its grammar, and back."""

import re
from datetime import UTC, datetime, timedelta, timezone

_RFC_3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?"
    r"(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))"
)


def parse_rfc3339(text: str) -> datetime:
    """The time, in UTC, that a text means by the grammar of RFC 3339, section 5.6.

    Digits beyond the microsecond are dropped. A leap second is refused: Python has no such time.

    Raises:
        ValueError: The text is not of the grammar, or is no time of the years 1 to 9999.
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise ValueError("not a time of the form 2006-01-02T15:04:05Z (RFC 3339)")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction, sign, offset_hours, offset_minutes = match.groups()[6:]
    offset = timedelta(hours=int(offset_hours or 0), minutes=int(offset_minutes or 0))
    zone = timezone(-offset if sign == "-" else offset)
    microsecond = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        return datetime(year, month, day, hour, minute, second, microsecond, zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not a time: {error}") from None


def format_rfc3339(time: datetime) -> str:
    """A time as RFC 3339 in UTC, to the second."""
    # Not strftime: its %Y has fewer than four digits before the year 1000 on some platforms.
    return time.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def utc_now() -> datetime:
    """The present time, in UTC."""
    return datetime.now(UTC)
