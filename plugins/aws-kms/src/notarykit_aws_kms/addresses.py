"""Key ids and settings: which key is meant, and where, before anything is asked."""

from __future__ import annotations

import re
from typing import NamedTuple

from notarykit import plugin
from notarykit_aws_kms.partitions import partition_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_REGION = r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}"
_KEY = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}"
_ALIAS = r"alias/[A-Za-z0-9/_-]{1,250}"
_ARN = re.compile(rf"arn:(aws(?:-[a-z]+)*):kms:({_REGION}):[0-9]{{12}}:(?:key/(?:{_KEY})|{_ALIAS})")
_ENDPOINT = re.compile(r"(https?)://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?/?")
_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|\[::1\]", re.IGNORECASE)
_NAME = re.compile(rf"{_KEY}|{_ALIAS}")
_FORMS = "give a key ARN, an alias ARN, a key id (a UUID, or mrk- and 32 hexadecimal digits) or alias/NAME"


class Account(NamedTuple):
    """Whose keys are asked for, and where.

    Attributes:
        region: The region, or None for what the SDK finds.
        profile: The profile to log in with, or None for what the SDK finds.
        endpoint: The address of the service, or None for the region's usual one.
    """

    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None


class Address(NamedTuple):
    """A key and how it is reached.

    Attributes:
        key_id: The key as its user names it.
        account: Where it is.
        grant_tokens: What is sent along with each request about it.
    """

    key_id: str
    account: Account
    grant_tokens: tuple[str, ...] = ()

    def may_be(self, arn: str) -> bool:
        """Whether what the user names can be the key of an ARN: an alias leads to a key of its account and region."""
        found = _ARN.fullmatch(arn)
        where, _, name = arn.rpartition(":")
        if found is None or name.startswith("alias/"):
            return False
        if self.key_id.startswith("arn:"):
            asked_where, _, asked = self.key_id.rpartition(":")
            return where == asked_where and (asked == name or asked.startswith("alias/"))
        is_there = self.account.region in (None, found[2])
        return is_there and (self.key_id.startswith("alias/") or name == f"key/{self.key_id}")

    def parameters(self) -> dict[str, Any]:
        """What goes with each request about the key."""
        return {"GrantTokens": list(self.grant_tokens)} if self.grant_tokens else {}


def address_of(key_id: str, config: Mapping[str, str]) -> Address:
    """The address in a key id and the plugin configuration.

    Raises:
        PluginValidationError: No key can have this id, a setting is malformed, or the two name different regions.
    """
    region = _region(key_id, config.get("region"))
    profile = config.get("profile")
    if profile == "":
        raise plugin.PluginValidationError("plugin configuration 'profile' is empty", advice="name a profile")
    tokens = tuple(token.strip() for token in config.get("grant_tokens", "").split(",") if token.strip())
    return Address(key_id, Account(region, profile, _endpoint(config.get("endpoint"))), tokens)


def _region(key_id: str, configured: str | None) -> str | None:
    """The region of an ARN, else the one that is configured."""
    if configured is not None and not re.fullmatch(_REGION, configured):
        raise plugin.PluginValidationError(f"{configured!r} is no region of AWS", advice="use the form us-east-1")
    arn = _ARN.fullmatch(key_id)
    if arn is None:
        if not _NAME.fullmatch(key_id):
            raise plugin.PluginValidationError(f"{key_id!r} is no key id of AWS KMS", advice=_FORMS)
        return configured
    partition, region = arn.groups()
    if configured not in (None, region):
        raise plugin.PluginValidationError(
            f"the key {key_id} is in the region {region}, not in {configured} as the plugin configuration has it",
            advice="leave out region: the ARN says it",
        )
    known = partition_of(region)
    if known not in (None, partition):
        raise plugin.PluginValidationError(
            f"the key {key_id} is in the partition {partition}, and the region {region} in {known}",
            advice="copy the ARN from AWS KMS again",
        )
    return region


def _endpoint(url: str | None) -> str | None:
    """An address of the form scheme://host:port; it is shown in messages, so no password may be part of it."""
    if url is None:
        return None
    found = _ENDPOINT.fullmatch(url)
    if found is None:
        raise plugin.PluginValidationError(
            "plugin configuration 'endpoint' is no address", advice="use the form https://HOST or https://HOST:PORT"
        )
    check_private(url)
    return url


def is_loopback(url: str) -> bool:
    """Whether an address is this machine's own."""
    found = _ENDPOINT.match(url)
    return found is not None and _LOOPBACK.fullmatch(found[2]) is not None


def check_private(url: str) -> None:
    """Refuses an address, wherever it comes from, at which others could read a session token.

    Raises:
        PluginValidationError: It is another machine's, without TLS.
    """
    if url.startswith("http://") and not is_loopback(url):
        raise plugin.PluginValidationError(
            f"the endpoint is {url}, and a session token is not sent without TLS to another machine",
            advice="use https://; http:// is for localhost, 127.0.0.1 and [::1]",
        )
