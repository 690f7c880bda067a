"""Options of a verifier: trust policy, trust stores, and limits."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, Self, TypeVar

from notarykit._internal.pickling import check_local
from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.unverified import USUAL_ENVELOPE
from notarykit.errors import UsageError
from notarykit.trust.policy import BlobTrustPolicyDocument, TrustPolicyDocument
from notarykit.trust.store import TrustStore, read_once, snapshot

if TYPE_CHECKING:
    from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.protocol.verification import VerifiedSignature, VerifySignatureRequest
    from notarykit.revocation.result import RevocationCheck

MAX_SIGNATURES = 100

Policies = TypeVar("Policies", bound=TrustPolicyDocument | BlobTrustPolicyDocument)


class VerifyingPlugin(Protocol):
    """Verification plugin, in this process or in another (plugin specification, "Verification interface")."""

    def get_metadata(self, request: "GetMetadataRequest") -> "Metadata":
        """Runs the command get-plugin-metadata."""

    def verify_signature(self, request: "VerifySignatureRequest") -> "VerifiedSignature":
        """Runs the command verify-signature."""


class VerifierOptions(NamedTuple, Generic[Policies]):
    """Options of a verifier.

    Attributes:
        policies: Trust policy document, for artifacts or for blobs.
        store: Trust stores that the policy names.
        revocation: Revocation check of chains; over the network (`RevocationChecker.online`) by default.
        find_plugin: Function that returns the verification plugin of a name; finds installed plugins by default.
        plugin_config: Settings that are passed to verification plugins.
        max_signatures: Number of signatures of an artifact that are tried.
        max_envelope_size: Limit for an envelope, or a signature's manifest, in bytes; the larger ones are tried last.
        now: Time of the verification, with a time zone; the present by default.
    """

    policies: Policies
    store: TrustStore
    revocation: "RevocationCheck | None" = None
    find_plugin: Callable[[str], VerifyingPlugin] | None = None
    plugin_config: Mapping[str, str] = {}
    max_signatures: int = MAX_SIGNATURES
    max_envelope_size: int = USUAL_ENVELOPE
    now: datetime | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling: the trust stores are read, and sent as data.

        Raises:
            UsageError: There are settings for plugins, which may be secret, and the pickle may leave this machine.
        """
        if self.plugin_config:
            check_local("settings for plugins")
        stores = {store for policy in self.policies.policies for store in policy.stores}
        return type(self), tuple(self._replace(store=snapshot(self.store, stores)))

    def time(self) -> datetime:
        """Returns the time of the verification.

        Raises:
            UsageError: It has no time zone.
        """
        if self.now is not None and self.now.tzinfo is None:
            raise UsageError("the time of the verification has no time zone")
        return self.now or utc_now()

    def fixed(self) -> Self:
        """Returns the options of one call, in which the time stands still and each trust store is read once."""
        return self._replace(store=read_once(self.store), now=self.time())
