"""`notarykit sign`."""

import os
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import utc_now
from notarykit.batch.work import Work
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.batch.operation import Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.options import Command, Flag, Options
from notarykit.cli.output import RESULTS_FLAG
from notarykit.cli.reference_operation import SEVERAL_FLAGS, ReferenceOperation
from notarykit.cli.references import (
    INDEX_FLAGS,
    REFERENCES,
    REGISTRY_FLAGS,
    Repositories,
    Target,
    check_index_flags,
)
from notarykit.cli.revocation_flags import LIMIT_FLAGS, limits
from notarykit.cli.signing_key import SIGNING_KEY_FLAGS, passphrase_of, selected_key
from notarykit.config.key_access import PASSPHRASE_VARIABLE, environment_passphrase, open_signer
from notarykit.config.settings import FORMATS, load_settings
from notarykit.config.signing_keys import SigningKey
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError
from notarykit.signing.artifact import SignedArtifact, begin_signing
from notarykit.signing.options import SignOptions, TimestampSource

if TYPE_CHECKING:
    from notarykit.envelope.integrity import IntactEnvelope
    from notarykit.envelope.signer import EnvelopeSigner, Signer
    from notarykit.oci.repository import PushedSignature
    from notarykit.signing.once import SignOnce


class _Signature(NamedTuple):
    """Stored signature.

    Attributes:
        artifact: Descriptor of the artifact.
        members: Members of its JSON output.
        is_new: False if the artifact had it already.
    """

    artifact: Descriptor
    members: dict[str, Any]
    is_new: bool = True


if TYPE_CHECKING:
    _Begun = tuple[SignedArtifact, PushedSignature] | _Signature


class _KeyChoice(NamedTuple):
    """Key that a command line selects, with the configuration for its plugin and the time limit of the plugin."""

    key: SigningKey
    plugin_config: Mapping[str, str]
    seconds: int


class _SigningWork(Work[Target, "_Begun", _Signature]):
    """Signs an artifact and stores the signature, which is final when the registry lists it.

    In another process the key is opened anew; its passphrase comes from the environment there.
    """

    def __init__(
        self,
        repositories: Repositories,
        choice: _KeyChoice,
        passphrase: Callable[[], bytes],
        options: SignOptions,
        *,
        skip_signed: bool,
    ) -> None:
        self._repositories = repositories
        self._choice = choice
        self._options = options
        self._skip_signed = skip_signed
        self._since = utc_now()
        self._open(passphrase)

    def _open(self, passphrase: Callable[[], bytes]) -> None:
        choice = self._choice
        self._signer = open_signer(choice.key, choice.plugin_config, passphrase, choice.seconds)
        self._once = _sign_once(self._signer, self._options) if self._skip_signed else None

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_signer", "_once")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open(environment_passphrase)

    def begin(self, item: Target) -> "_Begun":
        repository = self._repositories.open(item.reference)
        if item.member is not None:
            item.check(repository.resolve(item.identifier))
        if self._once is None:
            return begin_signing(repository, item.identifier, self._signer, self._options)
        from notarykit.signing.once import AlreadySigned

        begun = self._once.begin(repository, item.identifier)
        if isinstance(begun, AlreadySigned):
            return _Signature(begun.artifact, {**_json(*begun), "alreadySigned": True}, is_new=False)
        return begun

    def begin_again(self, item: Target) -> "_Begun":
        """Signs an artifact unless the signature of the first try, whose worker died, is there."""
        if item.member is not None or self._once is not None:
            return self.begin(item)
        from notarykit.signing.many import CLOCK_SKEW, sign_again

        repository = self._repositories.open(item.reference)
        return sign_again(repository, item.identifier, self._signer, self._options, self._since - CLOCK_SKEW)

    def thumbprint(self) -> str:
        """Returns the thumbprint of a local key's certificate; a plugin's is known only when it signs."""
        from notarykit.keys.local import LocalSigner

        return sha256(self._signer.sign(b"").chain[0]).hexdigest() if isinstance(self._signer, LocalSigner) else ""

    def finish(self, begun: "_Begun") -> _Signature:
        if isinstance(begun, _Signature):
            return begun
        signed, pushed = begun
        pushed.is_listed()
        return _Signature(signed.artifact, _json(signed.artifact, signed.manifest, signed.signature.content))

    def close(self) -> None:
        self._repositories.close()


class _Signing(ReferenceOperation):
    """Signs artifacts, all with one key."""

    command = "sign"
    activity = "Signing"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        media_type = FORMATS[options["signature-format"] or load_settings().signature_format]
        metadata = options.pairs("user-metadata")
        expires_in = timedelta(seconds=options["expiry"]) if options["expiry"] else None
        sign_options = SignOptions(media_type, expires_in, metadata, _timestamp_source(options))
        key = selected_key(options)
        choice = _KeyChoice(key, options.pairs("plugin-config"), options["plugin-timeout"])
        prompt = passphrase_of(key)
        self._identity = {"format": media_type, "key": key._replace(plugin_config={}).to_json()}
        self.work = self._signing = _SigningWork(
            self.repositories, choice, self._without_workers(prompt), sign_options, skip_signed=options["skip-signed"]
        )
        self.is_quiet = bool(key.plugin)
        if self.is_quiet and (sys.stdin.isatty() or sys.stderr.isatty()):  # the plugin may ask for a PIN
            self.is_local = True
            self.jobs = self.jobs or 1

    def _without_workers(self, prompt: Callable[[], bytes]) -> Callable[[], bytes]:
        """Returns a callback that gets the passphrase and notes that workers, which have no prompt, could not."""

        def get() -> bytes:
            self.is_local = self.is_local or PASSPHRASE_VARIABLE not in os.environ
            return prompt()

        return get

    def identity(self) -> dict[str, Any]:
        return {**self._identity, "thumbprint": self._signing.thumbprint()}

    def announce(self, target: Target) -> None:
        target.warn_of_tag("sign")

    def report(self, target: Target, outcome: _Signature) -> Result:
        if self.options["output"] == "text":
            done = "Successfully" if outcome.is_new else "Already"
            print(f"{done} signed {printable(target.resolved(outcome.artifact))}")
        return Result(0, outcome.members)

    def pass_over(self, target: Target) -> dict[str, Any]:
        return {"signed": False, **super().pass_over(target)}

    def fail(self, target: Target | FailedItem, error: NotarykitError) -> dict[str, Any]:
        return {"signed": False, **super().fail(target, error)}


def _run(options: Options) -> int:
    check_index_flags(options)
    options.exclusive("oci-layout", "force-referrers-tag", "allow-referrers-api")
    return run_each(_Signing(options))


def _sign_once(signer: "Signer | EnvelopeSigner", options: SignOptions) -> "SignOnce":
    from notarykit.signing.once import SignOnce

    return SignOnce(signer, options)


def _timestamp_source(options: Options) -> "TimestampSource | None":
    if not (options.given("timestamp-url") or options.given("timestamp-root-cert")):
        return None
    from notarykit.cli.timestamps import timestamp_client

    return timestamp_client(options["timestamp-url"], options["timestamp-root-cert"], limits(options))


def _json(artifact: Descriptor, manifest: Descriptor, content: "IntactEnvelope") -> dict[str, Any]:
    return {
        "signed": True,
        "artifact": artifact.to_json(),
        "signature": {
            "manifest": manifest.to_json(),
            "mediaType": content.media_type,
            "signatureAlgorithm": content.chain.key_spec.signing_algorithm,
            "certificateThumbprints": list(content.chain.thumbprints()),
        },
    }


COMMAND = Command(
    "[flags] (<reference>... | --from <file>)",
    "Sign artifacts.",
    _run,
    (
        *REGISTRY_FLAGS,
        RESULTS_FLAG,
        *SEVERAL_FLAGS,
        *LIMIT_FLAGS,
        *SIGNING_KEY_FLAGS,
        *INDEX_FLAGS,
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
        Flag(
            "skip-signed",
            "leave out artifacts that have a signature by the same certificate, which holds and has not expired",
            "switch",
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
        (
            "Sign many artifacts; the same command goes on after an interruption",
            "notarykit sign --from references.txt --resume journal",
        ),
    ),
)
