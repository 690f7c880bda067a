"""`notarykit sign`."""

import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import shown
from notarykit.cli.references import (
    OUTPUT_FLAG,
    REGISTRY_FLAGS,
    Target,
    error_json,
    gravest,
    print_error,
    print_json,
    targets,
)
from notarykit.cli.revocation_flags import LIMIT_FLAGS, limits
from notarykit.cli.spinner import position, progress
from notarykit.cli.warned import about
from notarykit.config.settings import FORMATS, load_settings
from notarykit.config.signers import plugin_signer, signer_for
from notarykit.config.signing_keys import load_signing_keys
from notarykit.errors import NotarykitError, UsageError, own_error
from notarykit.signing import EnvelopeSigner, SignedArtifact, Signer, TimestampSource, begin_signing

if TYPE_CHECKING:
    from collections.abc import Callable

    from notarykit.oci.repository import PushedSignature

    _Begun = tuple[SignedArtifact, PushedSignature]


def _run(options: Options) -> int:
    options.exclusive("oci-layout", "force-referrers-tag", "allow-referrers-api")
    found = targets(options)
    media_type = FORMATS[options["signature-format"] or load_settings().signature_format]
    metadata = options.pairs("user-metadata")
    expires_in = timedelta(seconds=options["expiry"]) if options["expiry"] else None
    timestamper = _timestamper(options)
    signer, asks_by_itself = _signer(options)
    begin = partial(
        begin_signing,
        signer=signer,
        media_type=media_type,
        expires_in=expires_in,
        user_metadata=metadata,
        timestamper=timestamper,
    )
    told = _Told(options, has_several=len(found) > 1)
    try:
        for number, each in enumerate(found, 1):
            each.warn_of_tag("sign")
            shows = progress(f"Signing {each.text}{position(number, len(found))}", quiet=asks_by_itself)
            with about(each.text), shows:
                told.waiting.append((each, _begun(each, begin)))
            told.tell(wait=number == len(found))
    except KeyboardInterrupt:
        told.interrupted()
        raise
    if options["output"] == "json":
        print_json({"results": told.results})
    return gravest(told.codes)


def _begun(each: Target, begin: "Callable[..., _Begun]") -> "_Begun | NotarykitError":
    try:
        return begin(each.open(), each.tag_or_digest)
    except Exception as error:  # noqa: BLE001 - what goes wrong with one does not cost the others their answers
        return own_error(error)


class _Told:
    """What came of the references, told in their order, and of each as soon as it is sure.

    Attributes:
        waiting: The references of which nothing was told yet, and what came of them.
        codes: The exit codes of the others.
        results: What JSON output says of them.
    """

    def __init__(self, options: Options, *, has_several: bool) -> None:
        self._options = options
        self._has_several = has_several
        self.waiting: list[tuple[Target, _Begun | NotarykitError]] = []
        self.codes: list[int] = []
        self.results: list[dict[str, Any]] = []

    def tell(self, *, wait: bool) -> None:
        """Tells of what is sure; waits until everything is, if that is wanted."""
        while self.waiting:
            each, outcome = self.waiting.pop(0)
            try:
                if isinstance(outcome, NotarykitError):
                    raise outcome
                signed, pushed = outcome
                with about(each.text):
                    is_listed = pushed.is_listed(wait=wait)
                if not is_listed:
                    self.waiting.insert(0, (each, outcome))
                    return
            except Exception as error:  # noqa: BLE001 - as in _begun
                self._failed(each, own_error(error))
            else:
                self._signed(each, signed)

    def interrupted(self) -> None:
        """Tells what is stored all the same, of the references of which nothing was told yet."""
        for each, outcome in self.waiting:
            if not isinstance(outcome, NotarykitError):
                digest = outcome[0].manifest.digest
                print(f"{shown(each.text)}: the signature {digest} is stored, and may not be listed", file=sys.stderr)

    def _failed(self, each: Target, error: NotarykitError) -> None:
        print_error(error, self._options, each.text if self._has_several else "")
        self.codes.append(error.exit_code)
        self.results.append({"reference": each.text, "signed": False, "error": error_json(error)})

    def _signed(self, each: Target, signed: SignedArtifact) -> None:
        self.codes.append(0)
        self.results.append(_json(each, signed))
        if self._options["output"] == "text":
            print(f"Successfully signed {shown(each.resolved(signed.artifact))}")


def _timestamper(options: Options) -> "TimestampSource | None":
    if not (options.given("timestamp-url") or options.given("timestamp-root-cert")):
        return None
    from notarykit.cli.timestamps import timestamper

    return timestamper(options["timestamp-url"], options["timestamp-root-cert"], limits(options))


def _signer(options: Options) -> tuple[Signer | EnvelopeSigner, bool]:
    """Whoever signs, and whether it may talk to a person by itself, as plugins do that need a PIN."""
    options.exclusive("key", "id")
    options.exclusive("key", "plugin")
    if options.given("id") != options.given("plugin"):
        raise UsageError("flags --id and --plugin belong together", advice="give both, or --key")
    config, seconds = options.pairs("plugin-config"), options["plugin-timeout"]
    if options["plugin"]:
        return plugin_signer(options["plugin"], options["id"], config, seconds), True
    from notarykit.cli.passphrase import passphrase

    key = load_signing_keys().get(options["key"] or "")
    return signer_for(key, config, passphrase(f"Passphrase of the key {key.name}: "), seconds), bool(key.plugin)


def _json(each: Target, signed: SignedArtifact) -> dict[str, Any]:
    return {
        "reference": each.text,
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
    "[flags] <reference>...",
    "Sign artifacts.",
    _run,
    (
        *REGISTRY_FLAGS,
        OUTPUT_FLAG,
        *LIMIT_FLAGS,
        Flag("expiry", 'optional expiry that provides a "best by use" time, such as 30d, 12h, 3h20m', "duration", "e"),
        Flag("force-referrers-tag", "write the referrers tag even where the registry has the referrers API", "switch"),
        Flag("id", "key id (required if --plugin is set); excludes --key"),
        Flag("key", "name of a key on the list of signing keys; excludes --id and --plugin", short="k"),
        Flag(
            "manifest-form",
            'form of signature manifests in registries, "current", or "older" for those that refuse it',
            default="current",
            choices=("current", "older"),
        ),
        Flag("oci-layout", "sign an artifact in an OCI image layout", "switch"),
        Flag("plugin", "signing plugin name; excludes --key"),
        Flag("plugin-config", "{key}={value} pair that is passed as it is to the plugin", "texts"),
        Flag(
            "plugin-timeout",
            "how long each answer of a plugin may take, such as 30s or 10m; somebody may have to enter a PIN",
            "duration",
            default=300,
        ),
        Flag("signature-format", 'signature envelope format, "jws" or "cose"', choices=tuple(FORMATS)),
        Flag(
            "timestamp-root-cert", "filepath of the timestamp authority's root certificate, one for each URL", "texts"
        ),
        Flag(
            "timestamp-url",
            "RFC 3161 Timestamping Authority (TSA) server URL; several are tried in their order",
            "texts",
        ),
        Flag("user-metadata", "{key}={value} pair that is signed along", "texts", "m"),
    ),
    arguments=(1, 1000),
    missing="missing reference to the artifact",
    examples=(
        ("Sign an artifact in a registry with the default key", "notarykit sign registry.example.com/hello@<digest>"),
        ("Sign an artifact in an image layout", "notarykit sign --oci-layout hello@<digest>"),
        (
            "Sign with a certain key, as COSE",
            "notarykit sign --oci-layout --key build --signature-format cose hello@<digest>",
        ),
        (
            "Sign with a timestamp, so that the signature outlasts its certificate",
            "notarykit sign --timestamp-url <url> --timestamp-root-cert <file> registry.example.com/hello@<digest>",
        ),
        ("Sign several artifacts", "notarykit sign --oci-layout hello:v1 hello:v2"),
    ),
)
