"""What a verification was given and what it has found out so far."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

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
from notarykit.revocation.result import RevocationCheck
from notarykit.trust.policy import Action, TrustPolicy, Validation
from notarykit.trust.store import TrustStore
from notarykit.verification.verdict import Step, StepResult

if TYPE_CHECKING:
    from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.protocol.verification import VerifiedSignature, VerifySignatureRequest
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


class VerifyingPlugin(Protocol):
    """The commands that verification asks of a plugin, wherever it runs."""

    def get_metadata(self, request: "GetMetadataRequest") -> "Metadata":
        """The command get-plugin-metadata."""

    def verify_signature(self, request: "VerifySignatureRequest") -> "VerifiedSignature":
        """The command verify-signature."""


class Inputs(NamedTuple):
    """Everything that a verification depends on.

    Attributes:
        envelope: The envelope's bytes.
        media_type: Its format.
        artifact: The artifact that is being verified.
        policy: The applicable policy statement.
        store: Where its trust stores are.
        user_metadata: What the signature must carry.
        now: The time of the verification.
        find_plugin: Looks a verification plugin up by its name.
        plugin_config: The user's settings for that plugin.
        revocation: Checks chains; over the network, if it is not given.
    """

    envelope: bytes
    media_type: str
    artifact: Descriptor
    policy: TrustPolicy
    store: TrustStore
    user_metadata: Mapping[str, str]
    now: datetime
    find_plugin: Callable[[str], VerifyingPlugin]
    plugin_config: Mapping[str, str]
    revocation: RevocationCheck | None = None


class FoundPlugin(NamedTuple):
    """The verification plugin that the signature names, after its metadata was checked."""

    plugin: VerifyingPlugin
    metadata: "Metadata"


class VerificationContext:
    """A verification on its way: each step reads what earlier ones established and adds its own."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.results: list[StepResult] = []
        self._intact: IntactEnvelope | None = None
        self.is_authentic = False
        self.timestamp: Timestamp | None = None
        self.explained: list[str] = []
        self.found_plugin: FoundPlugin | None = None
        self.plugin_problem: NotarykitError | None = None

    @property
    def intact(self) -> IntactEnvelope:
        """The envelope; only after integrity was established, which no level relaxes."""
        assert self._intact is not None
        return self._intact

    @intact.setter
    def intact(self, envelope: IntactEnvelope) -> None:
        self._intact = envelope

    def action(self, step: Step) -> Action:
        """What the policy does about a step's failure."""
        if step in (Step.EXTENDED_VALIDATION, Step.USER_METADATA):
            return Action.ENFORCE
        return self.inputs.policy.level.actions[Validation(step)]

    def report(self, step: Step, error: NotarykitError | None, note: str = "") -> None:
        """Notes what a step found.

        Raises:
            VerificationError: The step failed and the policy enforces it.
        """
        action = self.action(step)
        self.results.append(StepResult(step, action, error, note, tuple(self.explained)))
        self.explained.clear()
        if error is not None and action is Action.ENFORCE:
            failure = _ERRORS[step](
                f"{step}: {error.message}",
                advice=error.advice,
                results=tuple(self.results),
                exit_code=error.exit_code if isinstance(error, ConfigurationError) else 1,
            )
            failure.policy, failure.level = self.inputs.policy.name, self.inputs.policy.level.name
            raise failure from error
