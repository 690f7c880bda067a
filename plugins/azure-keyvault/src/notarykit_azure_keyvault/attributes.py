"""The member `attributes` of keys, certificates and secrets: enabled, not before, expires.

A value of the wrong type is refused rather than ignored.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from notarykit.plugin import PluginError, format_rfc3339
from notarykit_azure_keyvault.client import member
from notarykit_azure_keyvault.errors import UnusableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_LATEST = 253402300799  # the end of the year 9999


class Validity(NamedTuple):
    """Validity period of an object.

    Attributes:
        name: URL of the object.
        not_before: First valid second, in Unix time.
        expires: First second after the period, in Unix time.
    """

    name: str
    not_before: int | None = None
    expires: int | None = None

    def check(self) -> None:
        """Checks that the object is valid now.

        Raises:
            UnusableError: The object has expired or is not yet valid.
        """
        now = time.time()
        if self.expires is not None and self.expires <= now:
            raise UnusableError(
                f"{self.name} expired on {_format(self.expires)}", advice="renew it, or sign with another one"
            )
        if self.not_before is not None and self.not_before > now:
            raise UnusableError(
                f"{self.name} is not valid before {_format(self.not_before)}", advice="wait, or sign with another one"
            )


def check_attributes(name: str, bundle: Mapping[str, Any]) -> Validity:
    """Checks that an object is enabled and valid now, and returns its validity period.

    Raises:
        UnusableError: The object is disabled, expired or not yet valid.
        PluginError: An attribute has the wrong type.
    """
    attributes = member(bundle, "attributes", dict)
    is_enabled = attributes.get("enabled", True)
    if not isinstance(is_enabled, bool):
        raise _malformed(name, "enabled")
    if not is_enabled:
        raise UnusableError(f"{name} is disabled", advice="enable it, or sign with another one")
    validity = Validity(name, _seconds(name, attributes, "nbf"), _seconds(name, attributes, "exp"))
    validity.check()
    return validity


def is_usable(item: Mapping[str, Any]) -> bool:
    """Returns True if a key of a list is enabled and valid now."""
    try:
        check_attributes(member(item, "kid", str), item)
    except UnusableError:
        return False
    return True


def _seconds(name: str, attributes: Mapping[str, Any], attribute: str) -> int | None:
    if attribute not in attributes:
        return None
    value = attributes[attribute]
    if type(value) is not int or not 0 <= value <= _LATEST:
        raise _malformed(name, attribute)
    return value


def _malformed(name: str, attribute: str) -> PluginError:
    return PluginError(
        f"attribute {attribute!r} of {name} has a malformed value",
        advice="try again, and check the proxy if there is one",
    )


def _format(seconds: int) -> str:
    from datetime import UTC, datetime

    return format_rfc3339(datetime.fromtimestamp(seconds, UTC))
