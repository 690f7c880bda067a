"""Redaction of header fields and URLs for traces; imported only while an observer is registered."""

import re
from collections.abc import Iterable, Mapping

from notarykit.net.trace import Fields

HIDDEN = "(not shown)"
# Fields and parameters without secrets; of all others only the name is shown.
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


def redact_fields(fields: Mapping[str, str] | Iterable[tuple[str, str]]) -> Fields:
    """Returns header fields with values that may hold secrets replaced."""
    items = fields.items() if isinstance(fields, Mapping) else fields
    return tuple((name, _redact_value(name.lower(), value)) for name, value in items)


def _redact_value(name: str, value: str) -> str:
    if name in _FIELDS:
        return value
    if name in _WITH_ADDRESSES:
        return redact_urls_in(value)
    if name in _CHALLENGES:
        return redact_urls_in(" ".join(_CHALLENGE.findall(value))) or HIDDEN
    return HIDDEN


def redact_urls_in(text: str) -> str:
    """Removes userinfo, fragments and unknown query values from the URLs in a text."""
    return _QUERY.sub(lambda match: match[1] + _redact_query(match[2]) if match[1] == "?" else "", _USER.sub("", text))


def _redact_query(query: str) -> str:
    parts = [part.partition("=") for part in query.partition("#")[0].split("&")]
    return "&".join(
        f"{name}={value if name in _PARAMETERS else '…'}" if equals else "…" for name, equals, value in parts
    )
