"""Statements of trust policies for blobs, as a verifier of either side takes them."""

from collections.abc import Iterable
from typing import Any

from notarykit.trust.policy import TrustPolicy

Statements = list[dict[str, Any]]


def here(policies: Iterable[TrustPolicy]) -> Statements:
    """Those of this side."""
    return [
        {
            "name": policy.name,
            "isGlobal": policy.is_global,
            "actions": {str(validation): str(action) for validation, action in policy.level.actions.items()},
            "verifyTimestamp": str(policy.verify_timestamp),
            "stores": [str(store) for store in policy.stores],
            "identities": list(policy.identities),
        }
        for policy in policies
    ]


def there(statements: Iterable[dict[str, Any]]) -> Statements:
    """Those of the Go side; the option that it leaves empty is its default."""
    return [each | {"verifyTimestamp": each["verifyTimestamp"] or "always"} for each in statements]
