"""Plugin `pkcs11`: key ids are PKCS#11 URIs (RFC 7512), everything else is plugin configuration."""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from notarykit_pkcs11.key import TokenKey


class PKCS11Plugin(plugin.Provider):
    """Signs with keys on tokens, with one login for each token and process."""

    name = "pkcs11"
    description = "Sign with keys on PKCS#11 tokens: YubiKeys, smart cards, TPMs and HSMs"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/pkcs11"
    settings = ("module_path", "pin_source", "pin_env", "pinentry")
    keeps_certificates = True

    def find(self, key_id: str, config: Mapping[str, str]) -> TokenKey:
        """Returns the key that a URI such as `pkcs11:token=LABEL;object=LABEL` names.

        Raises:
            PluginValidationError: The URI or a setting is invalid, or they contradict each other.
        """
        from notarykit_pkcs11.key_id import parse_uri

        uri = parse_uri(key_id)

        from notarykit_pkcs11.client import module_at
        from notarykit_pkcs11.key import TokenKey
        from notarykit_pkcs11.pin.source import PinSource
        from notarykit_pkcs11.settings import module_path

        return TokenKey(uri, module_at(module_path(uri, config)), PinSource(uri, config))

    def diagnose(self, key_id: str | None, config: Mapping[str, str]) -> Iterator[plugin.Finding]:
        """Checks every step of a signature, up to a trial signature where key and PIN are given."""
        from notarykit_pkcs11.doctor.walk import diagnose

        self._check(config)
        return diagnose(key_id, config)
