"""Linter for trust policies: what is well formed and does not do what its writer most likely wants.

Trust store and trust policy specification, "Trust Policy Properties", "Signature Verification details", "Timestamp
Countersignature Verification details", "Trusted Identities Constraints". What is against a rule, parsing refuses.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from cryptography import x509

from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from notarykit._internal.strict_json import GoMembers, loads
from notarykit.errors import CertificateError, TrustStoreError
from notarykit.keys.certificate import load_certificate, subject_of
from notarykit.keys.extensions import is_ca_certificate
from notarykit.trust import identity as identities
from notarykit.trust.policy import (
    LEVELS,
    Action,
    BlobTrustPolicyDocument,
    StoreReference,
    StoreType,
    TrustPolicy,
    TrustPolicyDocument,
    Validation,
    VerifyTimestamp,
)
from notarykit.trust.store import TrustStore
from notarykit.verification.scope_lint import scope_problems
from notarykit.verification.trust_in_sight import identities_in_sight

SOON = timedelta(days=90)
"""Before its end a certificate is told for so long."""

# RFC 5280, appendix A.1 (upper bounds): what a certificate that keeps them has in its subject.
_MOST_LETTERS = {
    "2.5.4.3": 64, "2.5.4.5": 64, "2.5.4.6": 2, "2.5.4.7": 128, "2.5.4.8": 128, "2.5.4.10": 64, "2.5.4.11": 64,
    "2.5.4.12": 64, "1.2.840.113549.1.9.1": 255,
}  # fmt: skip
_COUNTRY = "2.5.4.6"


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


class _Found(NamedTuple):
    """Finding without its statement."""

    severity: Severity
    rule: str
    member: str
    problem: str
    fix: str


class _Statement(NamedTuple):
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
        statement = _Statement(policy, _read(policy, store), time, time + soon, is_written)
        found = [] if policy.level.is_skip else [finding for rule in _RULES for finding in rule(statement)]
        found += [_Found(Severity.WARNING, *each) for each in of_scopes.get(policy.name, ())]
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


def _unreadable_stores(statement: _Statement) -> Iterator[_Found]:
    for store, found in statement.stores.items():
        if isinstance(found, TrustStoreError):
            fix = found.advice or f"correct it, or leave {store} out"
            yield _Found(Severity.ERROR, "store-cannot-be-read", "trustStores", found.message, fix)


def _ends(statement: _Statement) -> Iterator[_Found]:
    for store, found in statement.stores.items():
        if isinstance(found, TrustStoreError):
            continue
        expired = [each for each in found if each.not_valid_after_utc < statement.now]
        if expired and len(expired) == len(found):
            is_fatal = not statement.outlives_certificates
            last = format_rfc3339(found[-1].not_valid_after_utc)
            yield _Found(
                Severity.ERROR if is_fatal else Severity.WARNING,
                "store-expired",
                "trustStores",
                f"all certificates of {store} have expired, the last on {last}",
                "add the certificate that has come in their place"
                + (", or a tsa store if the signatures have timestamps" if is_fatal else ""),
            )
            continue
        for certificate in found:
            if problem := _end(certificate, statement):
                text = f"{subject_of(certificate)!r} in {store} {problem[1]}"
                yield _Found(Severity.WARNING, problem[0], "trustStores", text, problem[2])


def _end(certificate: x509.Certificate, statement: _Statement) -> tuple[str, str, str] | None:
    """Returns the rule, the problem and the fix where a certificate is not valid, or soon no more."""
    starts, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if ends < statement.now:
        return "certificate-expired", f"has expired on {format_rfc3339(ends)}", "remove it if nothing needs it"
    if ends < statement.soon:
        return "certificate-ends-soon", f"ends on {format_rfc3339(ends)}", "add its successor in time"
    if starts > statement.now:
        return "certificate-not-yet-valid", f"is valid from {format_rfc3339(starts)}", "check the clock"
    return None


def _store_types(statement: _Statement) -> Iterator[_Found]:
    policy = statement.policy
    kinds = {store.type for store in policy.stores}
    if kinds == {StoreType.TSA}:
        yield _Found(
            Severity.ERROR,
            "no-store-for-signers",
            "trustStores",
            "tsa stores alone vouch for no signer: every signature fails",
            "add a store of the type ca or signingAuthority",
        )
    elif StoreType.TSA in kinds and StoreType.CA not in kinds:
        yield _Found(
            Severity.WARNING,
            "tsa-without-effect",
            "trustStores",
            "tsa stores are for signatures of the scheme notary.x509, which fail: no store of the type ca is named",
            "leave them out, or add a store of the type ca",
        )
    elif StoreType.TSA in kinds and policy.level.actions[Validation.AUTHENTIC_TIMESTAMP] is not Action.ENFORCE:
        yield _Found(
            Severity.WARNING,
            "timestamps-only-logged",
            "signatureVerification",
            "a tsa store is named, and a timestamp that is missing or wrong is only logged",
            'add the override "authenticTimestamp": "enforce"',
        )
    if statement.is_timestamp_written and StoreType.TSA not in kinds:
        yield _Found(
            Severity.WARNING,
            "timestamps-without-store",
            "signatureVerification",
            "verifyTimestamp has no effect: no tsa store is named, so no timestamp is looked at",
            "add a tsa store, or leave verifyTimestamp out",
        )


def _levels(statement: _Statement) -> Iterator[_Found]:
    level = statement.policy.level
    if level.actions[Validation.AUTHENTICITY] is not Action.ENFORCE:
        yield _Found(
            Severity.WARNING,
            "strangers-pass",
            "signatureVerification",
            "signatures of anyone are accepted: trustStores and trustedIdentities only decide about a warning",
            'use the level "permissive" or "strict", unless this is to try a policy out',
        )
    if level.actions[Validation.REVOCATION] is Action.SKIP:
        yield _Found(
            Severity.WARNING,
            "revocation-skipped",
            "signatureVerification",
            "revoked certificates are trusted until they expire",
            "have revocation logged at least; without a network, 'revocation fetch' and 'verify --evidence' check it",
        )
    usual = LEVELS[level.name]
    relaxed = [
        str(each)
        for each in (Validation.EXPIRY, Validation.AUTHENTIC_TIMESTAMP, Validation.REVOCATION)
        if usual[each] is Action.ENFORCE and level.actions[each] is Action.LOG
    ]
    if relaxed:
        yield _Found(
            Severity.WARNING,
            "weaker-than-its-level",
            "signatureVerification",
            f"the level is called {level.name}, and {' and '.join(relaxed)} {'is' if len(relaxed) == 1 else 'are'} "
            "only logged",
            'leave the override out, or say so by the level "permissive"',
        )


def _identities(statement: _Statement) -> Iterator[_Found]:
    policy = statement.policy
    if policy.identities == (identities.ANY,):
        yield _Found(
            Severity.WARNING,
            "any-identity",
            "trustedIdentities",
            "everyone for whom the CAs in the trust stores issue a certificate is trusted",
            "name the signers, such as 'x509.subject: C=…, ST=…, O=…'",
        )
        return
    if not identities.x509_identities(policy.identities):
        yield _Found(
            Severity.WARNING,
            "identities-for-plugins",
            "trustedIdentities",
            "only signatures that name a verification plugin for identities can be accepted",
            "add an x509.subject if others are to be trusted",
        )
    for identity in policy.identities:
        yield from _impossible(identity)
    yield from _of_nobody(statement)
    yield from _of_authorities(statement)


def _impossible(identity: str) -> Iterator[_Found]:
    for attributes in identities.x509_identities((identity,)):
        problems = [
            f"{identities.type_name(oid)}={value} has {len(value)} letters, and RFC 5280 allows {most}"
            for oid, value in attributes
            if (most := _MOST_LETTERS.get(oid, len(value))) < len(value) or (oid == _COUNTRY and len(value) != most)
        ]
        if sum(count for (oid, _), count in attributes.items() if oid == _COUNTRY) > 1:
            problems.append("it has more than one country")
        for problem in problems:
            yield _Found(
                Severity.WARNING,
                "identity-of-no-certificate",
                "trustedIdentities",
                f"{identity!r} can match no certificate that a CA issues by the rules: {problem}",
                "copy the subject from the signing certificate: 'notarykit inspect' shows it",
            )


def _signers(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    return [certificate for certificate in certificates if not is_ca_certificate(certificate)]


def _of_nobody(statement: _Statement) -> Iterator[_Found]:
    """Where all certificates in the stores are signers' own, there are no others, and each identity can be checked."""
    known = statement.certificates(StoreType.CA, StoreType.SIGNING_AUTHORITY)
    signers = _signers(known)
    if not known or len(signers) != len(known):
        return
    compared = identities_in_sight(statement.policy, signers, is_closed=True)
    is_anyone_trusted = any(each.is_match is not False for each in compared)
    for identity, is_match, remark in compared:
        if is_match is False:
            yield _Found(
                Severity.WARNING if is_anyone_trusted else Severity.ERROR,
                "identity-of-nobody",
                "trustedIdentities",
                f"{identity!r}: {remark}",
                "copy the subject from the certificate, or add the signer's certificate to a store",
            )


def _of_authorities(statement: _Statement) -> Iterator[_Found]:
    """An identity that is a CA's subject in full was most likely copied from the wrong certificate."""
    known = statement.certificates(StoreType.CA, StoreType.SIGNING_AUTHORITY)
    for identity in statement.policy.identities:
        for attributes in identities.x509_identities((identity,)):
            for certificate in known:
                if is_ca_certificate(certificate) and _is_whole_subject(attributes, certificate):
                    yield _Found(
                        Severity.WARNING,
                        "identity-of-ca",
                        "trustedIdentities",
                        f"{identity!r} is the subject of a CA, and identities are those of signing certificates",
                        "copy the subject from the signing certificate: 'notarykit inspect' shows it",
                    )
                    break


def _is_whole_subject(attributes: identities.Attributes, certificate: x509.Certificate) -> bool:
    try:
        present = identities.attributes_of(certificate.subject)
    except (ValueError, TypeError):
        return False
    return sorted(present) == sorted(attributes.elements())


_RULES = (_unreadable_stores, _ends, _store_types, _levels, _identities)
