"""Durations in Go's format, as in notation (`1h30m`), with days and weeks (`30d`)."""

import re

from notarykit.errors import UsageError

_SECOND = 10**9
_HOUR = 3600 * _SECOND
_UNITS = {
    "w": 7 * 24 * _HOUR, "d": 24 * _HOUR, "h": _HOUR, "m": 60 * _SECOND, "s": _SECOND,
    "ms": 10**6, "us": 10**3, "\u00b5s": 10**3, "\u03bcs": 10**3, "ns": 1,  # a micro sign, and the Greek letter
}  # fmt: skip
_LONGEST = 2**63 // _SECOND  # the range of Go's time.Duration, about 292 years
_PART = re.compile(r"([0-9]{1,12})?(?:\.([0-9]{0,9}))?([a-z\u00b5\u03bc]+)")


def seconds(text: str, flag: str) -> int:
    """Returns a duration in seconds; as in notation, it must be whole seconds and not negative.

    Raises:
        UsageError: The text is no duration, or out of range.
    """
    total = _nanoseconds(text)
    if total is None:
        raise UsageError(f"invalid duration {text!r} of --{flag}", advice=_advice(text))
    if total % _SECOND:
        raise UsageError(f"--{flag} {text!r} must be a whole number of seconds")
    if total // _SECOND > _LONGEST:
        raise UsageError(f"--{flag} {text!r} is longer than 292 years")
    return total // _SECOND


def _nanoseconds(text: str) -> int | None:
    text = text.removeprefix("+")
    total, position = 0, 0
    while part := _PART.match(text, position):
        whole, fraction, unit = part.groups()
        if unit not in _UNITS or not (whole or fraction):
            return None
        total += int(whole or "0") * _UNITS[unit] + int(fraction or "0") * _UNITS[unit] // 10 ** len(fraction or "")
        position = part.end()
    return total if text == "0" or (text and position == len(text)) else None


def _advice(text: str) -> str:
    if text.startswith("-"):
        return "durations cannot be negative"
    if text.isdigit():
        return f"add the unit, such as {text}s or {text}d"
    if re.fullmatch(r"[0-9]+ *(?:y|mo|year|month).*", text.lower()):
        return "use days or weeks, such as 365d: years and months vary in length"
    return "use numbers with units from weeks to seconds, such as 30d, 12h, 3h20m or 30s"
