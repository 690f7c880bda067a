"""`notarykit sign`."""

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
    STORING_FLAGS,
    Repositories,
    Target,
    check_index_flags,
)
from notarykit.cli.signing import SIGNING_FLAGS, ChosenSigner, sign_options, signature_members
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import NotarykitError
from notarykit.signing.artifact import SignedArtifact, begin_signing
from notarykit.signing.options import SignOptions

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


class _SigningWork(Work[Target, "_Begun", _Signature]):
    """Signs an artifact and stores the signature, which is final when the registry lists it."""

    def __init__(
        self, repositories: Repositories, chosen: ChosenSigner, options: SignOptions, *, skip_signed: bool
    ) -> None:
        self._repositories = repositories
        self._chosen = chosen
        self._options = options
        self._since = utc_now()
        self._once = _sign_once(chosen.signer, options) if skip_signed else None

    def __getstate__(self) -> dict[str, Any]:
        """Returns the state, in which `_once` is a flag, since signers are not pickled."""
        return {**self.__dict__, "_once": self._once is not None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._once = _sign_once(self._chosen.signer, self._options) if state["_once"] else None

    def begin(self, item: Target) -> "_Begun":
        repository = self._repositories.open(item.reference)
        if item.member is not None:
            item.check(repository.resolve(item.identifier))
        if self._once is None:
            return begin_signing(repository, item.identifier, self._chosen.signer, self._options)
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
        since = self._since - CLOCK_SKEW
        return sign_again(repository, item.identifier, self._chosen.signer, self._options, since)

    def thumbprint(self) -> str:
        """Returns the thumbprint of a local key's certificate; a plugin's is known only when it signs."""
        from notarykit.keys.local import LocalSigner

        signer = self._chosen.signer
        return sha256(signer.sign(b"").chain[0]).hexdigest() if isinstance(signer, LocalSigner) else ""

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
        signature_options = sign_options(options)
        chosen = ChosenSigner(options)
        self._identity = {
            "format": signature_options.media_type,
            "key": chosen.key._replace(plugin_config={}).to_json(),
        }
        self.work = self._signing = _SigningWork(
            self.repositories, chosen, signature_options, skip_signed=options["skip-signed"]
        )
        chosen.keep_here(self)

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


def _json(artifact: Descriptor, manifest: Descriptor, content: "IntactEnvelope") -> dict[str, Any]:
    return {
        "signed": True,
        "artifact": artifact.to_json(),
        "signature": {"manifest": manifest.to_json(), **signature_members(content)},
    }


COMMAND = Command(
    "[flags] (<reference>... | --from <file>)",
    "Sign artifacts.",
    _run,
    (
        *REGISTRY_FLAGS,
        RESULTS_FLAG,
        *SEVERAL_FLAGS,
        *SIGNING_FLAGS,
        *INDEX_FLAGS,
        *STORING_FLAGS,
        Flag("oci-layout", "sign an artifact in an OCI image layout", "switch"),
        Flag(
            "skip-signed",
            "leave out artifacts that have a signature by the same certificate, which holds and has not expired",
            "switch",
        ),
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
