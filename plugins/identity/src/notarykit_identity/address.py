"""Addresses of servers, to which secrets are sent only over TLS, or on this machine where that is allowed."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from notarykit.plugin import PluginValidationError


def check_address(name: str, address: str, *, is_plain_allowed: bool) -> None:
    """Refuses an address with a password, and one without TLS, unless it is of this machine and that is allowed.

    Raises:
        PluginValidationError: It is refused.
    """
    if "@" in split_address(address)[0]:
        raise PluginValidationError(f"{name} has a user name or a password in it", advice="leave it out")
    if address.startswith("https://"):
        return
    if not address.startswith("http://"):
        raise PluginValidationError(f"{name} is not an https:// URL", advice=f"such as {name}=https://ca.example.com")
    if not _is_loopback(address):
        raise PluginValidationError(
            f"{name} is an http:// URL of another machine, to which no token is sent", advice="use https://"
        )
    if not is_plain_allowed:
        raise PluginValidationError(
            f"{name} is an http:// URL", advice="use https://; for tests on this machine, set plain_http=true"
        )


def _is_loopback(address: str) -> bool:
    """Returns True for an address of this machine."""
    try:
        host = urlsplit(address).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def split_address(url: str) -> tuple[str, str]:
    """Returns the origin of a URL, and the rest without its fragment."""
    origin = re.match(r"[^/?#]*//[^/?#]*", url)
    beginning = origin[0] if origin else ""
    return beginning, url[len(beginning) :].partition("#")[0]
