"""The linter for trust policies: each rule by a policy that it is about, and one like it that it is not about."""

import json
from datetime import timedelta
from typing import Any

import pytest

from notarykit.explanation.lint.finding import PolicyFinding
from notarykit.explanation.lint.policy import lint_policy
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import PREFIX_VERSION
from notarykit.trust.store import MemoryTrustStore
from tests.support.ca import NOT_AFTER, make_chain
from tests.unit.trust.statements import make_blob_statement, make_statement, parse, parse_blobs, skip
from tests.unit.verification.setting import CHAIN, NOW

_SIGNER = make_chain(length=1)
_LATER = NOT_AFTER + timedelta(days=1000)
_SUBJECT = "x509.subject: C=US, ST=WA, O=wabbit-networks.io"
_STORES = MemoryTrustStore(
    {"ca:acme-rockets": [CHAIN.ders[-1]], "tsa:acme-rockets": [CHAIN.ders[-1]], "signingAuthority:a": [CHAIN.ders[-1]]}
)
_SIGNERS = MemoryTrustStore({"ca:acme-rockets": [_SIGNER.ders[-1]]})


def _lint(store: MemoryTrustStore = _STORES, days: int = 0, **changes: Any) -> list[PolicyFinding]:
    document = parse(make_statement(**{"trustedIdentities": [_SUBJECT], **changes}))
    return lint_policy(document, store, now=NOW + timedelta(days=days), soon=timedelta())


def _rules(findings: list[PolicyFinding]) -> list[tuple[str, str]]:
    return [(str(finding.severity), finding.rule) for finding in findings]


def _verification(level: str = "strict", **members: Any) -> dict[str, Any]:
    return {"level": level, **members}


_BOTH = ["ca:acme-rockets", "tsa:acme-rockets"]


@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"trustStores": _BOTH}, []),
        ({"signatureVerification": _verification("permissive")}, []),
        ({"trustStores": ["ca:absent"]}, [("error", "store-cannot-be-read")]),
        ({"trustStores": ["tsa:acme-rockets"]}, [("error", "no-store-for-signers")]),
        ({"trustStores": ["tsa:acme-rockets", "signingAuthority:a"]}, [("warning", "tsa-without-effect")]),
        ({"trustStores": ["signingAuthority:a"]}, []),
        (
            {"trustStores": _BOTH, "signatureVerification": _verification("permissive")},
            [("warning", "timestamps-only-logged")],
        ),
        (
            {
                "trustStores": _BOTH,
                "signatureVerification": _verification("permissive", override={"authenticTimestamp": "enforce"}),
            },
            [],
        ),
        (
            {"signatureVerification": _verification(verifyTimestamp="afterCertExpiry")},
            [("warning", "timestamps-without-store")],
        ),
        ({"trustStores": _BOTH, "signatureVerification": _verification(verifyTimestamp="afterCertExpiry")}, []),
        ({"signatureVerification": _verification("audit")}, [("warning", "strangers-pass")]),
        (
            {"signatureVerification": _verification(override={"authenticity": "log"})},
            [("warning", "strangers-pass")],
        ),
        ({"signatureVerification": _verification("audit", override={"authenticity": "enforce"})}, []),
        (
            {"signatureVerification": _verification(override={"revocation": "skip"})},
            [("warning", "revocation-skipped")],
        ),
        (
            {"signatureVerification": _verification(override={"expiry": "log", "revocation": "log"})},
            [("warning", "weaker-than-its-level")],
        ),
        ({"signatureVerification": _verification("permissive", override={"expiry": "enforce"})}, []),
        ({"trustedIdentities": ["*"]}, [("warning", "any-identity")]),
        ({"trustedIdentities": ["example.id: a"]}, [("warning", "identities-for-plugins")]),
        ({"trustedIdentities": ["example.id: a", _SUBJECT]}, []),
        (
            {"trustedIdentities": ["x509.subject: C=USA, ST=WA, O=a"]},
            [("warning", "identity-of-no-certificate")],
        ),
        (
            {"trustedIdentities": [f"x509.subject: C=US, ST=WA, O={'a' * 65}"]},
            [("warning", "identity-of-no-certificate")],
        ),
        ({"trustedIdentities": [f"x509.subject: C=US, ST=WA, O={'a' * 64}"]}, []),
        (
            {"trustedIdentities": ["x509.subject: C=US, C=DE, ST=WA, O=a"]},
            [("warning", "identity-of-no-certificate")],
        ),
        ({"trustedIdentities": ["x509.subject: C=US, ST=WA, O=a, OU=b, OU=c"]}, []),
        (
            {"trustedIdentities": [f"x509.subject: {CHAIN.subjects[-1].rfc4514_string()}"]},
            [("warning", "identity-of-ca")],
        ),
    ],
    ids=str,
)
def test_findings_of_a_statement(changes: dict[str, Any], rules: list[tuple[str, str]]) -> None:
    """A statement has the findings that are meant and no others, each with a problem and a remedy."""
    findings = _lint(**changes)
    assert _rules(findings) == rules
    assert all(each.statement == "acme" and each.problem and each.fix for each in findings)


@pytest.mark.parametrize(
    ("stores", "level", "severity"),
    [
        (["ca:acme-rockets"], _verification(), "error"),
        (["ca:acme-rockets"], _verification("permissive"), "warning"),
        (["ca:acme-rockets", "tsa:good"], _verification(), "warning"),
        (["signingAuthority:a"], _verification(), "warning"),
    ],
)
def test_stores_that_have_expired(stores: list[str], level: dict[str, Any], severity: str) -> None:
    """An expired store is an error where nothing outlives it: no timestamp, no authority, no level that only logs."""
    later = make_chain(not_after=_LATER)
    trusted = MemoryTrustStore(
        {"ca:acme-rockets": [CHAIN.ders[-1]], "signingAuthority:a": [CHAIN.ders[-1]], "tsa:good": [later.ders[-1]]}
    )
    days = (CHAIN.certificates[-1].not_valid_after_utc - NOW).days + 1
    findings = _lint(trusted, days, trustStores=stores, signatureVerification=level)
    assert (severity, "store-expired") in _rules(findings)
    before = _lint(trusted, days - 2, trustStores=stores, signatureVerification=level)
    assert "store-expired" not in {each.rule for each in before}


def test_certificates_that_expire() -> None:
    """A certificate among others is told when it has expired, ends soon, or is not valid yet."""
    later = make_chain(not_after=_LATER)
    trusted = MemoryTrustStore({"ca:acme-rockets": [CHAIN.ders[-1], later.ders[-1]]})
    end = CHAIN.certificates[-1].not_valid_after_utc
    document = parse(make_statement(trustedIdentities=[_SUBJECT]))

    def rules(days: int, soon: int = 10) -> list[str]:
        now = end + timedelta(days=days)
        return [each.rule for each in lint_policy(document, trusted, now=now, soon=timedelta(days=soon))]

    assert rules(-11) == []
    assert rules(-9) == ["certificate-ends-soon"]
    assert rules(-9, 8) == []
    assert rules(1) == ["certificate-expired"]
    assert set(rules(-100_000)) == {"certificate-not-yet-valid"}


def test_identities_of_signers_in_the_store() -> None:
    """Where the store has signers' own certificates alone, an identity of none of them is found."""
    assert _rules(_lint(_SIGNERS)) == []
    whole = f"x509.subject: {_SIGNER.subjects[0].rfc4514_string()}"
    assert _rules(_lint(_SIGNERS, trustedIdentities=[whole])) == []
    other = "x509.subject: C=US, ST=WA, O=acme-rockets.io"
    assert _rules(_lint(_SIGNERS, trustedIdentities=[other])) == [("error", "identity-of-nobody")]
    assert _rules(_lint(_SIGNERS, trustedIdentities=[other, _SUBJECT])) == [("warning", "identity-of-nobody")]
    mixed = MemoryTrustStore({"ca:acme-rockets": [_SIGNER.ders[-1], CHAIN.ders[-1]]})
    assert _rules(_lint(mixed, trustedIdentities=[other])) == []


@pytest.mark.parametrize(
    ("scopes", "rules"),
    [
        (["r.test/a", "r.test:5000/a", "localhost/a", "local/hello", "[::1]/a", "docker.io/library/a"], []),
        (["R.test/a"], ["scope-unusual"]),
        (["r.test:443/a"], ["scope-unusual"]),
        (["docker.io/hello"], ["scope-unusual"]),
        (["index.docker.io/acme/*"], ["scope-unusual"]),
        (["r.test/a", "r.test:443/a"], ["scopes-look-alike", "scopes-look-alike"]),
        (["r.test/a/*", "r.test:80/a/*"], ["scopes-look-alike", "scopes-look-alike"]),
        (["r.test/a/*", "r.test/a", "r.test/*"], []),
        (["acme/hello"], ["registry-unqualified"]),
        (["team/*"], ["registry-unqualified"]),
        (["r.test/" + "a" * 249], ["scope-too-long"]),
        (["r.test/" + "a" * 248], []),
        (["*"], []),
    ],
)
def test_findings_of_scopes(scopes: list[str], rules: list[str]) -> None:
    """A scope that references do not have, or that looks like another, is found; one as references have it is not."""
    statement = make_statement(registryScopes=scopes, trustedIdentities=[_SUBJECT])
    findings = lint_policy(parse(statement, version=PREFIX_VERSION), _STORES, now=NOW, soon=timedelta())
    assert [each.rule for each in findings] == rules
    assert {each.member for each in findings} <= {"registryScopes"}


def test_scopes_that_look_alike_in_two_statements() -> None:
    """Each of the two statements has its finding, which names the other."""
    document = parse(
        make_statement(name="one", registryScopes=["r.test/a"], trustedIdentities=[_SUBJECT]),
        make_statement(name="two", registryScopes=["R.test/a"], trustedIdentities=[_SUBJECT]),
    )
    one, two = lint_policy(document, _STORES, now=NOW, soon=timedelta())
    assert (one.statement, two.statement) == ("one", "two")
    assert "'R.test/a' of statement 'two'" in one.problem


@pytest.mark.parametrize("written", ["always", "afterCertExpiry", None])
@pytest.mark.parametrize("stores", [["ca:acme-rockets"], _BOTH])
def test_timestamps_that_are_asked_for_without_a_store(written: str | None, stores: list[str]) -> None:
    """What the document says of timestamps has no effect without a tsa store, be it what is so by default."""
    statement = make_statement(
        trustedIdentities=[_SUBJECT], trustStores=stores, signatureVerification=_verification(verifyTimestamp=written)
    )
    content = json.dumps({"version": "1.0", "trustPolicies": [statement, skip(name="b", registryScopes=["r.test/b"])]})
    document = parse_policy_document(content.encode())
    findings = lint_policy(document, _STORES, content=content.encode(), now=NOW, soon=timedelta())
    is_found = written is not None and stores != _BOTH
    assert [each.rule for each in findings] == ["timestamps-without-store"] * is_found


def test_policies_for_blobs_and_statements_that_skip() -> None:
    """A policy for blobs has the same rules but those of scopes; a statement that skips has those of scopes alone."""
    document = parse_blobs(make_blob_statement(trustStores=["ca:absent"], trustedIdentities=["*"]))
    findings = lint_policy(document, _STORES, now=NOW, soon=timedelta())
    assert _rules(findings) == [("error", "store-cannot-be-read"), ("warning", "any-identity")]
    skipping = parse(skip(registryScopes=["acme/hello"]))
    assert [each.rule for each in lint_policy(skipping, _STORES, now=NOW)] == ["registry-unqualified"]
