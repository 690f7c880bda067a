"""Findings of the linter, and the statement that they are about."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509

from notarykit.errors import TrustStoreError
from notarykit.trust.policy import Action, StoreReference, StoreType, TrustPolicy, Validation


class Severity(StrEnum):
    """Severity of a finding: an error keeps signatures from being accepted that are meant to be."""

    ERROR = "error"
    WARNING = "warning"


class PolicyFinding(NamedTuple):
    """Finding about a statement of a trust policy.

    Attributes:
        severity: Its severity.
        statement: Name of the statement.
        rule: Name of the rule, such as `store-cannot-be-read`.
        member: Member of the statement that it is about.
        problem: What is wrong.
        fix: What to do.
    """

    severity: Severity
    statement: str
    rule: str
    member: str
    problem: str
    fix: str


class Found(NamedTuple):
    """Finding without its statement."""

    severity: Severity
    rule: str
    member: str
    problem: str
    fix: str


class Statement(NamedTuple):
    """Statement with what is in its trust stores.

    Attributes:
        policy: The statement.
        stores: Certificates of each store, or its error.
        now: Present time.
        soon: Time from which on the end of a certificate is not told yet.
        is_timestamp_written: True if the statement says when timestamps are verified, be it what is so by default.
    """

    policy: TrustPolicy
    stores: dict[StoreReference, list[x509.Certificate] | TrustStoreError]
    now: datetime
    soon: datetime
    is_timestamp_written: bool

    def certificates(self, *kinds: StoreType) -> list[x509.Certificate]:
        """Returns the certificates of the stores of these types that can be read."""
        found = (each for store, each in self.stores.items() if store.type in kinds)
        return [certificate for each in found if isinstance(each, list) for certificate in each]

    @property
    def outlives_certificates(self) -> bool:
        """True if a signature may be accepted after a certificate of its chain has expired."""
        named = {store.type for store in self.policy.stores}
        is_enforced = self.policy.level.actions[Validation.AUTHENTIC_TIMESTAMP] is Action.ENFORCE
        return not is_enforced or bool(named & {StoreType.TSA, StoreType.SIGNING_AUTHORITY})
