"""Key ids of AWS KMS: ARNs, key ids and aliases (AWS KMS Developer Guide, "Key identifiers (KeyId)")."""

from __future__ import annotations

import re
from typing import NamedTuple

from notarykit.errors import PluginValidationError
from notarykit_aws_kms.partitions import partition_of
from notarykit_aws_kms.settings import (
    REGION,
    Account,
    endpoint_setting,
    grant_tokens_setting,
    profile_setting,
    region_setting,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_KEY = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32}"
_ALIAS = r"alias/[A-Za-z0-9/_-]{1,250}"
_ARN = re.compile(rf"arn:(aws(?:-[a-z]+)*):kms:({REGION}):[0-9]{{12}}:(?:key/(?:{_KEY})|{_ALIAS})")
_NAME = re.compile(rf"{_KEY}|{_ALIAS}")
_FORMS = "give a key ARN, an alias ARN, a key id (a UUID, or mrk- and 32 hexadecimal digits) or alias/NAME"


class KeyReference(NamedTuple):
    """Key of AWS KMS, and the account and grants that it is used with.

    Attributes:
        key_id: The key id as configured.
        account: The user and place of the key.
        grant_tokens: The grant tokens for each request about it.
    """

    key_id: str
    account: Account
    grant_tokens: tuple[str, ...] = ()

    def may_lead_to(self, arn: str) -> bool:
        """Tells whether the service may resolve the key id to an ARN: an alias stays in its account and region."""
        key = _ARN.fullmatch(arn)
        account, _, name = arn.rpartition(":")
        if key is None or name.startswith("alias/"):
            return False
        if self.key_id.startswith("arn:"):
            own_account, _, own_name = self.key_id.rpartition(":")
            return own_account == account and (own_name == name or own_name.startswith("alias/"))
        is_of_region = self.account.region in (None, key[2])
        return is_of_region and (self.key_id.startswith("alias/") or name == f"key/{self.key_id}")

    def parameters(self) -> dict[str, Any]:
        """Returns the parameters of each request about the key, besides its id."""
        return {"GrantTokens": list(self.grant_tokens)} if self.grant_tokens else {}


def parse_key_id(key_id: str, config: Mapping[str, str]) -> KeyReference:
    """Parses a key id, with the plugin configuration.

    Raises:
        PluginValidationError: The key id or a setting is malformed, or the two name different regions.
    """
    account = Account(_region(key_id, region_setting(config)), profile_setting(config), endpoint_setting(config))
    return KeyReference(key_id, account, grant_tokens_setting(config))


def _region(key_id: str, configured: str | None) -> str | None:
    """Returns the region of an ARN, else the configured one."""
    arn = _ARN.fullmatch(key_id)
    if arn is None:
        if not _NAME.fullmatch(key_id):
            raise PluginValidationError(f"{key_id!r} is not an AWS KMS key id", advice=_FORMS)
        return configured
    partition, region = arn.groups()
    if configured not in (None, region):
        raise PluginValidationError(
            f"key {key_id} is in region {region}, but the plugin configuration has region {configured}",
            advice="remove region: the ARN has it",
        )
    known = partition_of(region)
    if known not in (None, partition):
        raise PluginValidationError(
            f"key {key_id} is in partition {partition}, but region {region} is in {known}",
            advice="copy the ARN from AWS KMS again",
        )
    return region
