"""The linter: every statement of a trust policy against every rule."""

from datetime import datetime, timedelta

from cryptography import x509

from notarykit._internal.rfc3339 import utc_now
from notarykit._internal.strict_json import GoMembers, loads
from notarykit.errors import CertificateError, TrustStoreError
from notarykit.explanation.lint.finding import Found, PolicyFinding, Severity, Statement
from notarykit.explanation.lint.identities import identities_of
from notarykit.explanation.lint.levels import levels
from notarykit.explanation.lint.scopes import scope_problems
from notarykit.explanation.lint.stores import ends, store_types, unreadable_stores
from notarykit.keys.certificate import load_certificate
from notarykit.trust.policy import (
    BlobTrustPolicyDocument,
    StoreReference,
    TrustPolicy,
    TrustPolicyDocument,
    VerifyTimestamp,
)
from notarykit.trust.store import TrustStore

SOON = timedelta(days=90)
"""Before its end a certificate is told for so long."""
_RULES = (unreadable_stores, ends, store_types, levels, identities_of)


def lint_policy(
    document: TrustPolicyDocument | BlobTrustPolicyDocument,
    store: TrustStore,
    *,
    content: bytes | None = None,
    now: datetime | None = None,
    soon: timedelta = SOON,
) -> list[PolicyFinding]:
    """Returns what is wrong with a trust policy that is well formed, statement by statement.

    Args:
        document: Trust policy, for artifacts or for blobs.
        store: Trust stores.
        content: JSON of the trust policy, which tells what it says from what is so by default.
        now: Present time, with a time zone; that of the clock by default.
        soon: How long before its end a certificate of a trust store is told.
    """
    time = now or utc_now()
    of_scopes = scope_problems(document) if isinstance(document, TrustPolicyDocument) else {}
    written = set() if content is None else _with_timestamps(content)
    findings = []
    for policy in document.policies:
        is_written = policy.name in written or policy.verify_timestamp is not VerifyTimestamp.ALWAYS
        statement = Statement(policy, _read(policy, store), time, time + soon, is_written)
        found = [] if policy.level.is_skip else [finding for rule in _RULES for finding in rule(statement)]
        found += [Found(Severity.WARNING, *each) for each in of_scopes.get(policy.name, ())]
        findings += [PolicyFinding(each.severity, policy.name, *each[1:]) for each in found]
    return findings


def _with_timestamps(content: bytes) -> set[str]:
    """Returns the names of the statements that have the member `verifyTimestamp`; the document is well formed."""
    statements = GoMembers(loads(content), "document").array("trustPolicies")
    members = [GoMembers(statement, "statement") for statement in statements]
    return {each.text("name") for each in members if "verifyTimestamp" in each.object("signatureVerification")}


def _read(policy: TrustPolicy, store: TrustStore) -> dict[StoreReference, list[x509.Certificate] | TrustStoreError]:
    stores: dict[StoreReference, list[x509.Certificate] | TrustStoreError] = {}
    for reference in policy.stores:
        try:
            certificates = [load_certificate(der) for der in store.certificates(reference)]
            stores[reference] = sorted(certificates, key=lambda certificate: certificate.not_valid_after_utc)
        except TrustStoreError as error:
            stores[reference] = error
        except CertificateError as error:
            stores[reference] = TrustStoreError(f"trust store {reference}: {error.message}")
    return stores
