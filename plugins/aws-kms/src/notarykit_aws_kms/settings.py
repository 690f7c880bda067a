"""Plugin configuration: the account and endpoint of the service."""

from __future__ import annotations

import re
from typing import NamedTuple

from notarykit.errors import PluginValidationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}"
"""Regular expression of a region."""

_ENDPOINT = re.compile(r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?")
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]", re.IGNORECASE)


class Account(NamedTuple):
    """User and place of keys.

    Attributes:
        region: The region, or None for the SDK's default.
        profile: The profile to log in with, or None for the SDK's default.
        endpoint: The URL of the service, or None for the region's own.
    """

    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None


def region_setting(config: Mapping[str, str]) -> str | None:
    """Returns the configured region.

    Raises:
        PluginValidationError: It has not the form of one; it becomes part of a host name.
    """
    region = config.get("region")
    if region is not None and not re.fullmatch(REGION, region):
        raise PluginValidationError(f"{region!r} is not an AWS region", advice="use the form us-east-1")
    return region


def profile_setting(config: Mapping[str, str]) -> str | None:
    """Returns the configured profile.

    Raises:
        PluginValidationError: It is empty.
    """
    profile = config.get("profile")
    if profile == "":
        raise PluginValidationError("plugin configuration 'profile' is empty", advice="name a profile")
    return profile


def endpoint_setting(config: Mapping[str, str]) -> str | None:
    """Returns the configured endpoint.

    Raises:
        PluginValidationError: It is no URL of the form scheme://host:port, and not shown: it may contain a password.
    """
    url = config.get("endpoint")
    if url is None:
        return None
    if not _ENDPOINT.fullmatch(url):
        raise PluginValidationError(
            "plugin configuration 'endpoint' is not a URL", advice="use the form https://HOST or https://HOST:PORT"
        )
    check_transport(url)
    return url


def grant_tokens_setting(config: Mapping[str, str]) -> tuple[str, ...]:
    """Returns the configured grant tokens, which are separated by commas."""
    return tuple(token.strip() for token in config.get("grant_tokens", "").split(",") if token.strip())


def is_loopback(url: str) -> bool:
    """Tells whether a URL is of this machine."""
    endpoint = _ENDPOINT.match(url)
    return endpoint is not None and _LOOPBACK.fullmatch(endpoint[2]) is not None


def check_transport(url: str) -> None:
    """Refuses an endpoint, from any source, to which a session token would go in plain text.

    Raises:
        PluginValidationError: It is another machine's, without TLS.
    """
    if url.startswith("http://") and not is_loopback(url):
        raise PluginValidationError(
            f"endpoint {url} has no TLS, and a session token is not sent to another machine in plain text",
            advice="use https://; http:// is for localhost, 127.0.0.1 and [::1]",
        )
