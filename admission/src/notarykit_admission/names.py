"""Names in Kubernetes ("Object Names and IDs")."""

import re

# RFC 1123. A namespace's name is a DNS label, those of secrets and service accounts are DNS subdomains.
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_NAMESPACE, _OBJECT = re.compile(_LABEL), re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_LONGEST_NAMESPACE, _LONGEST_OBJECT = 63, 253


def is_namespace(text: str) -> bool:
    """Tells whether a namespace can have this name."""
    return len(text) <= _LONGEST_NAMESPACE and _NAMESPACE.fullmatch(text) is not None


def is_object_name(text: str) -> bool:
    """Tells whether a secret or a service account can have this name."""
    return len(text) <= _LONGEST_OBJECT and _OBJECT.fullmatch(text) is not None
