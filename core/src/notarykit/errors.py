"""Errors of notarykit: one root, and one class for each kind of failure that callers tell apart.

A message is one line that names what is wrong and where. `advice` says what to do next, where there is something to do.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar, Self

    from notarykit.revocation.result import CertificateStatus
    from notarykit.verification.verdict import StepResult

_LONGEST_MESSAGE = 1000


class NotarykitWarning(UserWarning):
    """Warning about something that did not stop the work."""


class ConfigurationWarning(NotarykitWarning):
    """Warning about a file of the user's set-up, whatever artifact it was read for."""


class NotarykitError(Exception):
    """Root of all errors that notarykit raises on purpose. An error never changes; `within` and `replace` copy it.

    Attributes:
        exit_code: Exit code of the command line when this error ends it.
    """

    exit_code: int = 1

    def __init__(self, message: str, *, advice: str = "") -> None:
        if len(message) > _LONGEST_MESSAGE:  # it may quote foreign text of any length
            message = f"{message[:_LONGEST_MESSAGE]}…"
        super().__init__(message)
        self._advice = advice

    @property
    def message(self) -> str:
        """The problem and its place."""
        return str(self.args[0])

    @property
    def advice(self) -> str:
        """Advice on the next step, or an empty string."""
        return self._advice

    def within(self, where: str) -> Self:
        """Returns a copy whose message begins with where it happened."""
        return self._copy(f"{where}: {self.message}")

    def replace(self, *, advice: str | None = None, exit_code: int | None = None) -> Self:
        """Returns a copy with another advice or exit code."""
        changes: dict[str, object] = {} if advice is None else {"_advice": advice}
        return self._copy(self.message, **changes, **({} if exit_code is None else {"exit_code": exit_code}))

    def _copy(self, message: str, **changes: object) -> Self:
        copied = type(self).__new__(type(self), message)
        copied.__dict__.update(self.__dict__, **changes)
        return copied

    def __reduce__(self) -> tuple[object, ...]:
        """Supports copying and pickling whatever the parameters of the class."""
        return type(self).__new__, (type(self), *self.args), self.__dict__

    def one_line(self) -> str:
        """Returns the message and the advice as one line."""
        return f"{self.message}: {self.advice}" if self.advice else self.message

    def to_json(self) -> dict[str, Any]:
        """Returns the members of the error in JSON output."""
        return {
            "type": type(self).__name__,
            "message": self.message,
            "advice": self.advice,
            "exitCode": self.exit_code,
        }


# Usage and configuration


class UsageError(NotarykitError):
    """Arguments of the call are wrong."""

    exit_code = 2


class ConfigurationError(NotarykitError):
    """A file of the user's set-up is missing, malformed or contradicts itself."""

    exit_code = 2


class TrustPolicyError(ConfigurationError):
    """The trust policy document is missing, malformed or against its rules."""


class TrustStoreError(ConfigurationError):
    """A named trust store is missing or holds something that it must not hold."""


class UnforeseenError(NotarykitError):
    """Unexpected exception: a mistake of this software, or of an object that a program gave it.

    The exception itself is the `__cause__`.
    """

    exit_code = 70


class WorkerError(NotarykitError):
    """A worker process ended before its work was done, or workers cannot be started or reached."""

    exit_code = 3


def own_error(error: Exception) -> NotarykitError:
    """Returns the error itself if it is a `NotarykitError`, or an `UnforeseenError` in its place."""
    if isinstance(error, NotarykitError):
        return error
    unforeseen = UnforeseenError(
        f"internal error: {type(error).__name__}: {error}",
        advice="run it again with --debug, and report what that prints",
    )
    unforeseen.__cause__ = error
    return unforeseen


# Storage


class StorageError(NotarykitError):
    """A layout, a registry or a file cannot be read or written, or its content is wrong."""

    exit_code = 3


class NetworkError(StorageError):
    """A server does not answer, or not in time, or violates its protocol."""


class AccessError(StorageError):
    """A registry denies access: the credentials are missing, wrong, or insufficient."""


class ContentError(StorageError):
    """Stored content is not what its digest says, or a stored signature is malformed."""

    exit_code = 1


class SignatureSizeError(ContentError):
    """A stored signature is larger than the limit."""


class ArtifactNotFoundError(StorageError):
    """No artifact has this tag or digest."""


class NotAnIndexError(StorageError):
    """Content that should be an image index is something else, or malformed."""


class UnlistedSignatureError(StorageError):
    """A signature is stored, and the list by which others find it could not be written.

    Attributes:
        manifest: The digest of the signature manifest.
    """

    def __init__(self, message: str, *, manifest: str, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.manifest = manifest


# Keys and plugins


class SigningKeyError(NotarykitError):
    """A signing key cannot be found, read or used."""

    exit_code = 4


class PassphraseError(SigningKeyError):
    """An encrypted key needs a passphrase, and there is none, or it is wrong."""


class CertificateError(NotarykitError):
    """A certificate or a chain is against a rule of the signature specification's "Certificate Requirements".

    Attributes:
        rule: The name of the check in `notarykit.keys.requirements`, for programs.
    """

    exit_code = 4

    def __init__(self, message: str, *, rule: str, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.rule = rule


class PluginError(NotarykitError):
    """A plugin failed (the protocol's error code `ERROR`).

    Attributes:
        code: Error code of the protocol.
        metadata: Details for programs and support, such as a service's request id; no secret. `retry` with the value
            `no` means that a retry would prompt a person again.
    """

    exit_code = 4
    code: ClassVar[str] = "ERROR"

    def __init__(self, message: str, *, advice: str = "", metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(message, advice=advice)
        self.metadata = dict(metadata or {})


class PluginValidationError(PluginError):
    """A plugin found its request invalid, or does not know the key (`VALIDATION_ERROR`)."""

    code = "VALIDATION_ERROR"


class PluginContractVersionError(PluginError):
    """A plugin does not speak the contract version of the request (`UNSUPPORTED_CONTRACT_VERSION`)."""

    code = "UNSUPPORTED_CONTRACT_VERSION"


class PluginAccessDeniedError(PluginError):
    """The service or the key's owner refused (`ACCESS_DENIED`)."""

    code = "ACCESS_DENIED"


class PluginTimeoutError(PluginError):
    """The service did not answer in time; asking again may help (`TIMEOUT`)."""

    code = "TIMEOUT"


class PluginThrottledError(PluginError):
    """The service asks for fewer requests; asking later may help (`THROTTLED`)."""

    code = "THROTTLED"


class PluginNotFoundError(PluginError):
    """No plugin has this name, or it cannot be loaded."""


class PluginResponseError(PluginError):
    """A plugin's answer is malformed, or does not fit the request."""


# Envelopes and verification


class EnvelopeError(NotarykitError):
    """A signature envelope is malformed or against its format's rules."""


class TimestampError(NotarykitError):
    """A timestamp token is malformed, is not of the signature, or its authority is not trusted."""


class VerificationError(NotarykitError):
    """A signature, or every signature of an artifact or blob, was not accepted.

    Attributes:
        results: Results of the steps that were reached, in order (`notarykit.verification.StepResult`).
        policy: Name of the trust policy statement that applied, or an empty string where none did.
        level: Verification level of that statement, or an empty string.
    """

    policy: str = ""
    level: str = ""
    results: tuple[StepResult, ...] = ()

    def under(self, policy: str, level: str, results: tuple[StepResult, ...] = ()) -> Self:
        """Returns a copy that names the trust policy statement that applied and has the results of the steps."""
        return self._copy(self.message, policy=policy, level=level, results=results or self.results)


class IntegrityError(VerificationError):
    """The envelope is malformed, its signature is invalid, or it is for another artifact or blob."""


class AuthenticityError(VerificationError):
    """The signer is not one whom the trust policy trusts."""


class ExpiryError(VerificationError):
    """The signature's own "best by" time has passed."""


class AuthenticTimestampError(VerificationError):
    """No proof exists that the signature was made while its certificates were valid."""


class RevocationError(VerificationError):
    """A certificate is revoked, or its status is unknown.

    Attributes:
        statuses: Status of each certificate (`notarykit.revocation.result.CertificateStatus`).
    """

    def __init__(self, message: str, *, advice: str = "", statuses: tuple[CertificateStatus, ...] = ()) -> None:
        super().__init__(message, advice=advice)
        self.statuses = statuses


class ExtendedValidationError(VerificationError):
    """The verification plugin that the signature needs refused it, or a critical attribute was not processed."""


class UserMetadataError(VerificationError):
    """The signature does not carry the requested metadata."""


class NoSignatureError(VerificationError):
    """The artifact or blob has no signature at all."""


class NoApplicablePolicyError(VerificationError):
    """No statement of the trust policy applies to the artifact or blob, so it is not trusted."""


class NoAcceptedSignatureError(VerificationError):
    """The artifact or blob has signatures, and none of them was accepted.

    Attributes:
        failures: Digest of each signature's manifest, or path of its file, and the error of that signature.
        results: Results of the signature that came furthest.
    """

    def __init__(self, message: str, *, failures: tuple[tuple[str, NotarykitError], ...], advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.failures = failures
        reached = [error.results for _, error in failures if isinstance(error, VerificationError)]
        self.results = max(reached, key=len, default=())
        # A set-up that stopped every signature is the user's to mend; one signature that was judged is a verdict.
        exit_codes = {error.exit_code for _, error in failures}
        self.exit_code = exit_codes.pop() if len(exit_codes) == 1 else 1
