"""Plugin `identity`: signs with the identity of a workload, and verifies who signed.

For each signature a key is made in memory, the workload's identity token is exchanged for a certificate of minutes, and
a timestamp shows later that the signature was made while the certificate was valid.
"""

from __future__ import annotations

from notarykit import plugin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from notarykit_identity.certificate import Expected
    from notarykit_identity.settings import Settings
    from notarykit_identity.token import IdentityToken


class IdentityPlugin(plugin.Plugin):
    """Signs with keys that exist for one signature, and checks the identities that certificates name."""

    name = "identity"
    description = "Sign with a workload's identity token and a certificate of minutes, and verify who signed"
    version = "0.1.0"
    url = "https://github.com/notarykit/notarykit/tree/main/plugins/identity"
    checks = (plugin.Capability.TRUSTED_IDENTITY,)

    def describe_key(self, request: plugin.DescribeKeyRequest) -> plugin.KeyDescription:
        """Returns the spec of the keys that will be made."""
        from notarykit_identity.settings import parse_key_spec

        return plugin.KeyDescription(request.key_id, parse_key_spec(request.key_id, request.plugin_config))

    def generate_envelope(self, request: plugin.GenerateEnvelopeRequest) -> plugin.GeneratedEnvelope:
        """Makes a key, has it certified, and returns an envelope that it signed, with a timestamp."""
        from notarykit_identity.certificate import make_key, signer_for
        from notarykit_identity.settings import parse_settings
        from notarykit_identity.token_request import get_checked_token

        plugin.check_envelope_request(request)
        settings = parse_settings(request.key_id, request.plugin_config)
        token = get_checked_token(settings)
        key = make_key(settings.key_spec)
        pems, expected = _request_certificate(settings, token, key)
        signer = signer_for(key, pems, settings.ca_certs, settings.root, expected)
        return plugin.sign_envelope(
            request,
            signer,
            plugin.signing_agent(self.name, self.version),
            verification_plugin=self.name if settings.is_plugin_named else "",
            authorities=(settings.authority,),
        )

    def verify_signature(self, request: plugin.VerifySignatureRequest) -> plugin.VerifiedSignature:
        """Checks whether the certificate's identity is one of the trusted ones; processes no attribute."""
        from notarykit_identity.verification import check_identity

        for check in request.signature_verification:
            if check not in self.checks:
                raise plugin.PluginValidationError(f"check {check!r} is not supported")
        if not request.certificate_chain:
            raise plugin.PluginValidationError("the request has no certificate")
        result = check_identity(request.certificate_chain[0], request.trusted_identities)
        return plugin.VerifiedSignature(dict.fromkeys(request.signature_verification, result), ())

    def open_key(self, key_id: str, config: Mapping[str, str]) -> plugin.KeyVersion:  # noqa: ARG002
        """Opens no key: each exists for one signature, and gets its certificate for it."""
        raise plugin.PluginValidationError(
            "the keys of the plugin identity are made for one signature each, and need no certificate beforehand",
            advice="sign with it: 'notarykit sign'",
        )

    def diagnose(self, key_id: str | None, config: Mapping[str, str]) -> Iterator[plugin.Finding]:
        """Yields findings about the token, its issuer, and a signature over nothing."""
        if key_id:
            from notarykit_identity.diagnosis import walk

            for finding in walk(key_id, config):
                yield finding
                if finding.result == plugin.FAILED:
                    return
        for finding in super().diagnose(key_id, config):
            if finding.step == "certificates" and finding.result == plugin.WARNING:
                finding = finding._replace(result=plugin.OK, advice="")  # noqa: PLW2901 - of minutes on purpose
            yield finding


def _request_certificate(
    settings: Settings, token: IdentityToken, key: plugin.PrivateKey
) -> tuple[Sequence[str], Expected]:
    if settings.key_id.protocol == "vault":
        from notarykit_identity import vault

        return vault.request_certificate(settings, token, key)
    from notarykit_identity import fulcio

    return fulcio.request_certificate(settings, token, key)
