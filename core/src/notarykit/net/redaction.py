"""What of header fields and addresses holds no secret; loaded where somebody watches."""

import re
from collections.abc import Iterable, Mapping

from notarykit.net.trace import Fields

HIDDEN = "(not shown)"
# Fields and parameters that hold no secret; of all others the name alone is shown.
_FIELDS = frozenset([
    "accept", "accept-encoding", "accept-ranges", "age", "allow", "cache-control", "connection", "content-encoding",
    "content-length", "content-range", "content-type", "date", "docker-content-digest",
    "docker-distribution-api-version", "etag", "expires", "host", "if-match", "keep-alive", "last-modified",
    "oci-filters-applied", "oci-subject", "proxy-connection", "range", "ratelimit-limit", "ratelimit-remaining",
    "retry-after", "server", "transfer-encoding", "user-agent", "vary", "via",
])  # fmt: skip
_WITH_ADDRESSES = frozenset({"link", "location", "content-location"})
_CHALLENGES = frozenset({"www-authenticate", "proxy-authenticate"})
_PARAMETERS = frozenset(["artifactType", "digest", "from", "last", "mount", "n", "scope", "service"])
_QUERY = re.compile(r"([?#])([^\s\"<>]*)")
_USER = re.compile(r"(?<=//)[^\s/?#\"<>]*@")
_CHALLENGE = re.compile(r'\b(?:Basic|Bearer)\b|\b(?:realm|service|scope|error)="[^"]*"', re.IGNORECASE)


def without_secrets(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> Fields:
    """Header fields with the values that hold no secret."""
    items = fields.items() if isinstance(fields, Mapping) else fields
    return tuple((name, _value(name.lower(), value)) for name, value in items)


def _value(name: str, value: str) -> str:
    if name in _FIELDS:
        return value
    if name in _WITH_ADDRESSES:
        return address(value)
    if name in _CHALLENGES:
        return address(" ".join(_CHALLENGE.findall(value))) or HIDDEN
    return HIDDEN


def address(text: str) -> str:
    """An address, or a text with addresses in it, without users, fragments, and what else queries may hold."""
    return _QUERY.sub(lambda found: found[1] + _query(found[2]) if found[1] == "?" else "", _USER.sub("", text))


def _query(query: str) -> str:
    parts = [each.partition("=") for each in query.partition("#")[0].split("&")]
    return "&".join(
        f"{name}={value if name in _PARAMETERS else '…'}" if equals else "…" for name, equals, value in parts
    )
