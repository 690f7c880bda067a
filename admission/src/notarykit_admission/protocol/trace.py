"""Trace that a request belongs to, by which its lines of the log are found among those of other programs.

W3C, "Trace Context", section 3.2: `traceparent: 00-TRACE-PARENT-FLAGS`. The API server sends it where it traces.
"""

import re

# Identifiers of zeros are none (sections 3.2.2.3 and 3.2.2.4).
_TRACEPARENT = re.compile(r"00-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def parse_traceparent(text: str) -> str:
    """Returns the identifier of the trace, 32 hexadecimal digits, or an empty string where the header field is none."""
    found = _TRACEPARENT.fullmatch(text)
    return found[1] if found else ""
