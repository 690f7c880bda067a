"""State of the verification of one signature."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import IntactEnvelope
from notarykit.errors import (
    AuthenticityError,
    AuthenticTimestampError,
    ConfigurationError,
    ExpiryError,
    ExtendedValidationError,
    IntegrityError,
    NotarykitError,
    RevocationError,
    UserMetadataError,
    VerificationError,
)
from notarykit.trust.policy import Action, TrustPolicy, Validation
from notarykit.verification.options import VerifierOptions, VerifyingPlugin
from notarykit.verification.verdict import Step, StepResult

if TYPE_CHECKING:
    from notarykit.blob.target import BlobTarget
    from notarykit.plugin.protocol.metadata import Metadata
    from notarykit.timestamp.token import Timestamp

_ERRORS: dict[Step, type[VerificationError]] = {
    Step.INTEGRITY: IntegrityError,
    Step.AUTHENTICITY: AuthenticityError,
    Step.EXPIRY: ExpiryError,
    Step.AUTHENTIC_TIMESTAMP: AuthenticTimestampError,
    Step.REVOCATION: RevocationError,
    Step.EXTENDED_VALIDATION: ExtendedValidationError,
    Step.USER_METADATA: UserMetadataError,
}
# The other steps are not for a level to relax.
_VALIDATIONS = {Step(validation): validation for validation in Validation}


def action_of(policy: TrustPolicy, step: Step) -> Action:
    """Returns a policy statement's action for a step that fails."""
    validation = _VALIDATIONS.get(step)
    return policy.level.actions[validation] if validation else Action.ENFORCE


class EnvelopeRequest(NamedTuple):
    """Signature that is to be verified.

    Attributes:
        envelope: Bytes of the envelope.
        media_type: Format of the envelope, `application/jose+json` or `application/cose`.
        target: Descriptor of the artifact that it has to be for, or the blob.
        user_metadata: Metadata that the signature must carry.
    """

    envelope: bytes
    media_type: str
    target: "Descriptor | BlobTarget"
    user_metadata: Mapping[str, str] = {}


class FoundPlugin(NamedTuple):
    """Verification plugin that the signature names, with its metadata, which was checked."""

    plugin: VerifyingPlugin
    metadata: "Metadata"


class VerificationContext:
    """State of the verification of one signature: each step reads the findings of earlier ones and adds its own.

    Attributes:
        options: Options of the verifier.
        policy: Trust policy statement that applies.
        request: Signature that is to be verified.
        now: Time of the verification.
        results: Results of the steps so far.
        rejection: Error of the step that failed and is enforced, or None.
        is_authentic: True once the signer is known to be trusted.
        timestamp: Verified timestamp, or None.
        explained: Requests made by the present step and their answers, a line each.
    """

    def __init__(self, options: VerifierOptions[Any], policy: TrustPolicy, request: EnvelopeRequest) -> None:
        self.options = options
        self.policy = policy
        self.request = request
        self.now = options.time()
        self.results: list[StepResult] = []
        self.rejection: VerificationError | None = None
        self._intact: IntactEnvelope | None = None
        self.is_authentic = False
        self.timestamp: Timestamp | None = None
        self.explained: list[str] = []
        self.found_plugin: FoundPlugin | None = None
        self.plugin_problem: NotarykitError | None = None

    @property
    def intact(self) -> IntactEnvelope:
        """Envelope whose integrity was established, which no level relaxes; not available before."""
        assert self._intact is not None
        return self._intact

    @intact.setter
    def intact(self, envelope: IntactEnvelope) -> None:
        self._intact = envelope

    def action(self, step: Step) -> Action:
        """Returns the policy's action for a step that fails."""
        return action_of(self.policy, step)

    def record(self, step: Step, error: NotarykitError | None = None, note: str = "") -> None:
        """Adds the result of a step."""
        self.results.append(StepResult(step, self.action(step), error, note, tuple(self.explained)))
        self.explained.clear()

    def fail(self, step: Step, error: NotarykitError) -> None:
        """Adds the result of a step that failed.

        Raises:
            VerificationError: The policy enforces the step; this is `rejection` from now on.
        """
        self.record(step, error)
        if self.action(step) is Action.ENFORCE:
            failure = _of_kind(_ERRORS[step], error).within(step)
            self.rejection = failure.under(self.policy.name, self.policy.level.name, tuple(self.results))
            raise self.rejection from error


def _of_kind(kind: type[VerificationError], error: NotarykitError) -> VerificationError:
    if isinstance(error, kind):
        return error
    exit_code = error.exit_code if isinstance(error, ConfigurationError) else kind.exit_code
    return kind(error.message, advice=error.advice).replace(exit_code=exit_code)
