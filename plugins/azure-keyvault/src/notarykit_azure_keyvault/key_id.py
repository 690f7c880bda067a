"""Key ids: URLs of keys and certificates in the vaults and managed HSMs of known clouds.

An access token is sent to the host of the URL, so only hosts directly below a vault domain are accepted.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from notarykit.plugin import PluginValidationError

_CLOUDS = ("azure.net", "azure.cn", "usgovcloudapi.net", "microsoftazure.de")
VAULT_DOMAINS = tuple(f"vault.{cloud}" for cloud in _CLOUDS)
HSM_DOMAINS = tuple(f"managedhsm.{cloud}" for cloud in _CLOUDS)

KEYS, CERTIFICATES = "keys", "certificates"

_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_VAULT = re.compile(_LABEL)
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})+(?::[0-9]{{1,5}})?")
_PATH = re.compile(r"/(keys|certificates)/([0-9A-Za-z-]{1,127})(?:/([0-9A-Za-z]{1,64}))?/?")
_FORM = "use https://VAULT.vault.azure.net/keys/NAME or …/certificates/NAME; add /VERSION to pin a version"


class KeyId(NamedTuple):
    """Parsed key id.

    Attributes:
        vault_url: URL of the vault or managed HSM.
        kind: `keys` or `certificates`.
        name: Name shared by a certificate, its key and its secret.
        version: Version, or an empty string for the current one.
        is_hsm: True for a managed HSM, which holds keys only.
    """

    vault_url: str
    kind: str
    name: str
    version: str = ""
    is_hsm: bool = False


def parse_key_id(key_id: str, vault_domain: str = "") -> KeyId:
    """Parses a key id.

    Args:
        key_id: The URL.
        vault_domain: Additional domain whose hosts are vaults, with a port where needed.

    Raises:
        PluginValidationError: The URL has another form, or its host is not a vault.
    """
    vault_domain = _check_domain(vault_domain)
    if not key_id.isprintable() or key_id != key_id.strip():  # urlsplit drops such characters
        raise _malformed(key_id)
    try:
        url = urlsplit(key_id)
    except ValueError:
        raise _malformed(key_id) from None
    host, path = url.netloc.lower().removesuffix(":443"), _PATH.fullmatch(url.path)
    if path is None or "?" in key_id or "#" in key_id:
        raise _malformed(key_id)
    if url.scheme != "https":
        raise PluginValidationError(f"key id {key_id!r} does not begin with https://", advice=_FORM)
    is_hsm = _is_within(host, HSM_DOMAINS)
    if not (is_hsm or _is_within(host, VAULT_DOMAINS) or (vault_domain and _is_within(host, (vault_domain,)))):
        raise PluginValidationError(
            f"the host of {key_id!r} is not in the vault domain of a known cloud",
            advice="check the host; for another cloud, set its vault domain with vault_domain=DOMAIN",
        )
    kind, name, version = path.groups()
    if is_hsm and kind != KEYS:
        raise PluginValidationError(f"{key_id!r}: a managed HSM holds no certificates", advice="use …/keys/NAME")
    return KeyId(f"https://{host}", kind, name, version or "", is_hsm)


def _malformed(key_id: str) -> PluginValidationError:
    return PluginValidationError(f"{key_id!r} is not the URL of a key in Azure Key Vault", advice=_FORM)


def _check_domain(vault_domain: str) -> str:
    """Returns the domain in lower case; top-level domains, in which anybody can register a host, are refused."""
    vault_domain = vault_domain.lower().removesuffix(":443")
    if vault_domain and _DOMAIN.fullmatch(vault_domain) is None:
        raise PluginValidationError(
            "plugin configuration 'vault_domain' is not a vault domain", advice="use the form vault.stack.example"
        )
    return vault_domain


def _is_within(host: str, domains: tuple[str, ...]) -> bool:
    """Returns True for one label directly below one of the domains."""
    name, _, domain = host.partition(".")
    return domain in domains and _VAULT.fullmatch(name) is not None
