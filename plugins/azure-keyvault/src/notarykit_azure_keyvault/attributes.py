"""When an object of a vault may be used. What is not of the kind that the API has is refused: it may mean anything."""

from __future__ import annotations

import time
from typing import NamedTuple

from notarykit._internal.rfc3339 import format_rfc3339
from notarykit.errors import PluginError
from notarykit_azure_keyvault.client import member
from notarykit_azure_keyvault.errors import UnusableError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_LAST_TIME = 253402300799  # the end of the year 9999


class State(NamedTuple):
    """When an object may be used.

    Attributes:
        name: Its URL.
        begins: The first second, since 1970.
        ends: The first second after it.
    """

    name: str
    begins: int | None = None
    ends: int | None = None

    def check(self) -> None:
        """Refuses to use it at any other time.

        Raises:
            UnusableError: It has expired or is not valid yet.
        """
        now = time.time()
        if self.ends is not None and self.ends <= now:
            raise UnusableError(
                f"{self.name} expired on {_date(self.ends)}", advice="renew it, or sign with another one"
            )
        if self.begins is not None and self.begins > now:
            raise UnusableError(
                f"{self.name} is not valid before {_date(self.begins)}", advice="wait, or sign with another one"
            )


def state_of(name: str, bundle: Mapping[str, Any]) -> State:
    """The state of an object that may be used now.

    Raises:
        UnusableError: It is disabled, expired or not valid yet.
        PluginError: It is not told what its state is.
    """
    attributes = member(bundle, "attributes", dict)
    is_enabled = attributes.get("enabled", True)
    if not isinstance(is_enabled, bool):
        raise _unclear(name, "enabled")
    if not is_enabled:
        raise UnusableError(f"{name} is disabled", advice="enable it, or sign with another one")
    state = State(name, _time(name, attributes, "nbf"), _time(name, attributes, "exp"))
    state.check()
    return state


def is_usable(item: Mapping[str, Any]) -> bool:
    """Whether a key in a list may be used now."""
    try:
        state_of(member(item, "kid", str), item)
    except UnusableError:
        return False
    return True


def _time(name: str, attributes: Mapping[str, Any], member_name: str) -> int | None:
    if member_name not in attributes:
        return None
    found = attributes[member_name]
    if type(found) is not int or not 0 <= found <= _LAST_TIME:
        raise _unclear(name, member_name)
    return found


def _unclear(name: str, member_name: str) -> PluginError:
    return PluginError(
        f"Azure Key Vault answers with {member_name!r} of another kind for {name}",
        advice="try again, and check the proxy if there is one",
    )


def _date(seconds: int) -> str:
    from datetime import UTC, datetime

    return format_rfc3339(datetime.fromtimestamp(seconds, UTC))
