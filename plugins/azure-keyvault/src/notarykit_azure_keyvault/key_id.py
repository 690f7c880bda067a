"""Key ids: the URL of a key or a certificate in a vault or a managed HSM of a known cloud.

A login's token goes to the host of the URL, so that no other host is taken for a vault.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit.errors import PluginValidationError

_CLOUDS = ("azure.net", "azure.cn", "usgovcloudapi.net", "microsoftazure.de")
VAULT_DOMAINS = tuple(f"vault.{cloud}" for cloud in _CLOUDS)
HSM_DOMAINS = tuple(f"managedhsm.{cloud}" for cloud in _CLOUDS)

KEYS, CERTIFICATES = "keys", "certificates"

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_VAULT = re.compile(_LABEL)
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+(?::[0-9]{{1,5}})?")
_PATH = re.compile(r"/(keys|certificates)/([0-9A-Za-z-]{1,127})(?:/([0-9A-Za-z]{1,64}))?/?")
_FORM = "give https://VAULT.vault.azure.net/keys/NAME or …/certificates/NAME, with /VERSION for exactly one"


class Address(NamedTuple):
    """What a key id names.

    Attributes:
        vault: The URL of the vault or the managed HSM.
        kind: `keys` or `certificates`.
        name: The name; a certificate, its key and its secret have the same.
        version: The version, or an empty string for the present one.
        is_hsm: Whether it is a managed HSM, which keeps keys and nothing else.
    """

    vault: str
    kind: str
    name: str
    version: str = ""
    is_hsm: bool = False


def address_of(key_id: str, domain: str = "") -> Address:
    """What a key id names.

    Args:
        key_id: The URL.
        domain: A further domain whose hosts are vaults, with a port if it needs one.

    Raises:
        PluginValidationError: It is no such URL, or its host is no vault.
    """
    domain = _own_domain(domain)
    if not key_id.isprintable() or key_id != key_id.strip():  # urlsplit leaves out what it does not like
        raise PluginValidationError(f"{key_id!r} is no key in Azure Key Vault", advice=_FORM)
    try:
        url = urlsplit(key_id)
    except ValueError:
        url = urlsplit("")
    host, path = url.netloc.lower().removesuffix(":443"), _PATH.fullmatch(url.path)
    if path is None or "?" in key_id or "#" in key_id:
        raise PluginValidationError(f"{key_id!r} is no key in Azure Key Vault", advice=_FORM)
    if url.scheme != "https":
        raise PluginValidationError(f"key id {key_id!r} does not begin with https://", advice=_FORM)
    is_hsm = _is_within(host, HSM_DOMAINS)
    if not (is_hsm or _is_within(host, VAULT_DOMAINS) or (domain and _is_within(host, (domain,)))):
        raise PluginValidationError(
            f"the host of {key_id!r} is not in a known cloud's domain of vaults",
            advice="check it; for a cloud of your own, name its domain of vaults with vault_domain=DOMAIN",
        )
    kind, name, version = path.groups()
    if is_hsm and kind != KEYS:
        raise PluginValidationError(f"{key_id!r}: a managed HSM keeps no certificates", advice="give …/keys/NAME")
    return Address(f"https://{host}", kind, name, version or "", is_hsm)


def _own_domain(domain: str) -> str:
    """The further domain as hosts have it; one that is somebody's, as a top-level domain is everybody's."""
    domain = domain.lower().removesuffix(":443")
    if domain and _DOMAIN.fullmatch(domain) is None:
        raise PluginValidationError(
            "plugin configuration 'vault_domain' is no domain of vaults", advice="use the form vault.stack.example"
        )
    return domain


def _is_within(host: str, domains: tuple[str, ...]) -> bool:
    """Whether a host is a vault's name and one of the domains, and nothing between them."""
    name, _, domain = host.partition(".")
    return domain in domains and _VAULT.fullmatch(name) is not None
