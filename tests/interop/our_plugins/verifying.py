"""A plugin that verifies: identities of its own form, a list of revoked certificates, attributes of its own."""

from cryptography import x509
from cryptography.x509.oid import NameOID

from notarykit import plugin
from notarykit.plugin import Capability

IDENTITY = "com.example.name"  # the prefix of the identities that only this plugin knows
UNDERSTOOD = "Grüße <&>"  # the value of attributes that it processes
REVOKED = "revoked"  # the setting with the serial number of a certificate that is revoked


class VerifyingPlugin(plugin.Plugin):
    """Makes both checks, each out of what the request has for it."""

    name = "our-verifying"
    description = "Verifies"
    version = "1.10.0"
    url = "https://example.com/our-verifying"
    checks = (Capability.TRUSTED_IDENTITY, Capability.REVOCATION_CHECK)

    def verify_signature(self, request: plugin.VerifySignatureRequest) -> plugin.VerifiedSignature:
        """The results of the checks that are asked for, and the attributes whose value is understood."""
        chain = [x509.load_der_x509_certificate(der) for der in request.certificate_chain]
        (common_name,) = chain[0].subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        passed = {
            str(Capability.TRUSTED_IDENTITY): f"{IDENTITY}:{common_name.value!s}" in request.trusted_identities,
            str(Capability.REVOCATION_CHECK): all(
                str(each.serial_number) != request.plugin_config.get(REVOKED) for each in chain
            ),
        }
        values = request.critical_attributes.get("extendedAttributes", {})
        return plugin.VerifiedSignature(
            {
                check: plugin.VerificationResult(passed[check], "" if passed[check] else f"refused: {check}")
                for check in request.signature_verification
            },
            tuple(name for name in request.unprocessed_attributes if values[name] == UNDERSTOOD),
        )
