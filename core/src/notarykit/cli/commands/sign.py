"""`notarykit sign`."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from notarykit._internal.printable import printable
from notarykit.cli.batch.operation import Operation, Result
from notarykit.cli.batch.references import FROM_FLAG
from notarykit.cli.batch.runner import run_each
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG
from notarykit.cli.references import REFERENCES, REGISTRY_FLAGS, BadReference, Target
from notarykit.cli.revocation_flags import LIMIT_FLAGS, limits
from notarykit.cli.signing_key import SIGNING_KEY_FLAGS, passphrase_of, selected_key
from notarykit.config.key_access import open_signer
from notarykit.config.settings import FORMATS, load_settings
from notarykit.errors import NotarykitError
from notarykit.signing.artifact import SignedArtifact, begin_signing
from notarykit.signing.options import SignOptions, TimestampSource

if TYPE_CHECKING:
    from notarykit.oci.repository import PushedSignature

    _Signed = tuple[SignedArtifact, PushedSignature]


class _Signing(Operation):
    """Signs an artifact and stores the signature; the signature is final when the registry lists it."""

    activity = "Signing"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        media_type = FORMATS[options["signature-format"] or load_settings().signature_format]
        metadata = options.pairs("user-metadata")
        expires_in = timedelta(seconds=options["expiry"]) if options["expiry"] else None
        self._sign_options = SignOptions(media_type, expires_in, metadata, _timestamp_source(options))
        key = selected_key(options)
        config, seconds = options.pairs("plugin-config"), options["plugin-timeout"]
        self._signer = open_signer(key, config, passphrase_of(key), seconds)
        self.is_quiet = bool(key.plugin)

    def run(self, target: Target) -> "_Signed":
        target.warn_of_tag("sign")
        return begin_signing(
            self.repositories.open(target.reference), target.identifier, self._signer, self._sign_options
        )

    def is_final(self, outcome: "_Signed", *, wait: bool) -> bool:
        return outcome[1].is_listed(wait=wait)

    def report(self, target: Target, outcome: "_Signed") -> Result:
        signed, _ = outcome
        if self.options["output"] == "text":
            print(f"Successfully signed {printable(target.resolved(signed.artifact))}")
        return Result(0, _json(signed))

    def fail(self, target: Target | BadReference, error: NotarykitError) -> dict[str, Any]:
        return {"signed": False, **super().fail(target, error)}

    def interrupted(self, target: Target, outcome: "_Signed") -> None:
        digest = outcome[0].manifest.digest
        print(f"{printable(target.text)}: the signature {digest} is stored, and may not be listed", file=sys.stderr)


def _run(options: Options) -> int:
    options.exclusive("oci-layout", "force-referrers-tag", "allow-referrers-api")
    return run_each(_Signing(options))


def _timestamp_source(options: Options) -> "TimestampSource | None":
    if not (options.given("timestamp-url") or options.given("timestamp-root-cert")):
        return None
    from notarykit.cli.timestamps import timestamp_client

    return timestamp_client(options["timestamp-url"], options["timestamp-root-cert"], limits(options))


def _json(signed: SignedArtifact) -> dict[str, Any]:
    return {
        "signed": True,
        "artifact": signed.artifact.to_json(),
        "signature": {
            "manifest": signed.manifest.to_json(),
            "mediaType": signed.signature.media_type,
            "signatureAlgorithm": signed.signature.content.chain.key_spec.signing_algorithm,
            "certificateThumbprints": list(signed.signature.content.chain.thumbprints()),
        },
    }


COMMAND = Command(
    "[flags] (<reference>... | --from <file>)",
    "Sign artifacts.",
    _run,
    (
        *REGISTRY_FLAGS,
        OUTPUT_FLAG,
        FROM_FLAG,
        *LIMIT_FLAGS,
        *SIGNING_KEY_FLAGS,
        Flag("expiry", 'optional expiry that provides a "best by use" time, such as 30d, 12h, 3h20m', "duration", "e"),
        Flag("force-referrers-tag", "write the referrers tag even where the registry has the referrers API", "switch"),
        Flag(
            "manifest-form",
            'form of signature manifests in registries, "current", or "older" for registries that refuse it',
            default="current",
            choices=("current", "older"),
        ),
        Flag("oci-layout", "sign an artifact in an OCI image layout", "switch"),
        Flag(
            "plugin-timeout",
            "time limit for each response of a plugin, such as 30s or 10m; it includes the entry of a PIN",
            "duration",
            default=300,
        ),
        Flag("signature-format", 'signature envelope format, "jws" or "cose"', choices=tuple(FORMATS)),
        Flag(
            "timestamp-root-cert", "filepath of the timestamp authority's root certificate, one for each URL", "texts"
        ),
        Flag("timestamp-url", "RFC 3161 Timestamping Authority (TSA) server URL; repeatable, tried in order", "texts"),
        Flag("user-metadata", "{key}={value} pair to add to the signed payload", "texts", "m"),
    ),
    arguments=REFERENCES,
    examples=(
        ("Sign an artifact in a registry with the default key", "notarykit sign registry.example.com/hello@<digest>"),
        ("Sign an artifact in an image layout", "notarykit sign --oci-layout hello@<digest>"),
        (
            "Sign with a named key, as COSE",
            "notarykit sign --oci-layout --key build --signature-format cose hello@<digest>",
        ),
        (
            "Sign with a timestamp, so that the signature outlasts its certificate",
            "notarykit sign --timestamp-url <url> --timestamp-root-cert <file> registry.example.com/hello@<digest>",
        ),
        ("Sign several artifacts", "notarykit sign --oci-layout hello:v1 hello:v2"),
    ),
)
