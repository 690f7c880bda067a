"""Verification levels: the table, overrides, and the time of timestamps."""

from typing import Any

import pytest

from notarykit.trust.policy import (
    Action,
    Validation,
    VerifyTimestamp,
)
from tests.unit.trust.statements import make_statement, parse, refusal, skip


@pytest.mark.requirement("trust:levels")
@pytest.mark.parametrize(
    ("level", "integrity", "authenticity", "timestamp", "expiry", "revocation"),
    [
        ("strict", "enforce", "enforce", "enforce", "enforce", "enforce"),
        ("permissive", "enforce", "enforce", "log", "log", "log"),
        ("audit", "enforce", "log", "log", "log", "log"),
    ],
)
def test_the_table_of_levels(
    level: str, integrity: str, authenticity: str, timestamp: str, expiry: str, revocation: str
) -> None:
    """Each level acts upon each validation as the specification's table says."""
    (policy,) = parse(make_statement(signatureVerification={"level": level})).policies
    assert policy.level.actions == {
        Validation.INTEGRITY: integrity,
        Validation.AUTHENTICITY: authenticity,
        Validation.AUTHENTIC_TIMESTAMP: timestamp,
        Validation.EXPIRY: expiry,
        Validation.REVOCATION: revocation,
    }


def test_the_level_skip() -> None:
    """The level skip skips every validation and needs neither stores nor identities, which may be empty."""
    for statement in (skip(), skip(trustStores=[], trustedIdentities=[])):
        (policy,) = parse(statement).policies
        assert policy.level.is_skip
        assert set(policy.level.actions) == set(Validation)
        assert set(policy.level.actions.values()) == {Action.SKIP}


@pytest.mark.requirement("trust:overrides", "trust:timestamp-switch")
@pytest.mark.parametrize("level", ["strict", "permissive", "audit"])
@pytest.mark.parametrize("validation", ["authenticity", "authenticTimestamp", "expiry", "revocation"])
@pytest.mark.parametrize("action", ["enforce", "log", "skip"])
def test_overrides(level: str, validation: str, action: str) -> None:
    """An override changes one action and no other; skip is for revocation alone."""
    statement = make_statement(signatureVerification={"level": level, "override": {validation: action}})
    if action == "skip" and validation != "revocation":
        message = f"override of '{validation}' to 'skip' is not one of enforce, log"
        assert refusal(statement) == f"statement 'acme': 'signatureVerification': {message}"
        return
    (policy,) = parse(statement).policies
    (usual,) = parse(make_statement(signatureVerification={"level": level})).policies
    assert policy.level.actions == {**usual.level.actions, Validation(validation): action}
    assert policy.level.name == level


def test_overrides_leave_the_table_as_it_is() -> None:
    """A level that one statement overrides is whole in the next."""
    override = {"level": "strict", "override": {"authenticity": "log"}}
    parse(make_statement(signatureVerification=override))
    (policy,) = parse(make_statement()).policies
    assert policy.level.actions[Validation.AUTHENTICITY] is Action.ENFORCE


def test_an_empty_override_overrides_nothing() -> None:
    """An empty map of overrides is none, even beside skip."""
    assert parse(skip(signatureVerification={"level": "skip", "override": {}})).policies[0].level.is_skip


def test_null_is_absent() -> None:
    """Null, which notation's own encoder writes for what is empty, is as if it were not there."""
    skipping = skip(
        signatureVerification={"level": "skip", "override": None, "verifyTimestamp": None},
        trustStores=None,
        trustedIdentities=None,
    )
    assert parse(skipping) == parse(skip())
    verification = {"level": "permissive", "override": None, "verifyTimestamp": None}
    assert parse(make_statement(signatureVerification=verification)) == parse(
        make_statement(signatureVerification={"level": "permissive"})
    )


@pytest.mark.requirement(
    "trust:integrity-always",
    "trust:level",
    "trust:overrides",
    "trust:skip-is-fixed",
    "trust:verify-timestamp",
)
@pytest.mark.parametrize(
    ("verification", "message"),
    [
        ({}, "has no member 'level'"),
        ({"level": 1}, "'level' must be a string, not an integer"),
        ({"level": "Strict"}, "level 'Strict' is not one of strict, permissive, audit, skip"),
        ({"level": ""}, "level '' is not one of strict, permissive, audit, skip"),
        ({"level": "custom"}, "level 'custom' is not one of strict, permissive, audit, skip"),
        ({"level": "skip", "override": {"expiry": "log"}}, "level 'skip' cannot be overridden"),
        ({"level": "strict", "override": {"integrity": "log"}}, "'integrity' cannot be overridden"),
        ({"level": "strict", "override": {"integrity": "enforce"}}, "'integrity' cannot be overridden"),
        ({"level": "strict", "override": {"Expiry": "log"}}, "override of 'Expiry', which is no validation"),
        ({"level": "strict", "override": {"": "log"}}, "override of '', which is no validation"),
        ({"level": "strict", "override": {"expiry": ""}}, "override of 'expiry' to '' is not one of enforce, log"),
        ({"level": "strict", "override": {"revocation": "Log"}}, "'Log' is not one of enforce, log, skip"),
        ({"level": "strict", "override": {"expiry": True}}, "'override': 'expiry' must be a string, not a boolean"),
        ({"level": "strict", "override": ["expiry"]}, "'override' must be an object, not an array"),
        ({"level": "strict", "override": {"expiry": None}}, "override of 'expiry' to '' is not one of enforce, log"),
        ({"level": "strict", "verifyTimestamp": "never"}, "verifyTimestamp 'never' is not 'always' or"),
        ({"level": "strict", "verifyTimestamp": ""}, "verifyTimestamp '' is not 'always' or"),
        ({"level": "strict", "verifyTimestamp": 1}, "'verifyTimestamp' must be a string, not an integer"),
        ({"level": "strict", "overide": {}}, "has the unknown member 'overide'"),
    ],
)  # fmt: skip
def test_malformed_signature_verification(verification: Any, message: str) -> None:
    """What is wrong with signatureVerification is named together with the statement."""
    refused = refusal(make_statement(signatureVerification=verification))
    assert refused.startswith("statement 'acme': 'signatureVerification'")
    assert message in refused


@pytest.mark.requirement("trust:verify-timestamp")
@pytest.mark.parametrize(("text", "meaning"), [("always", "always"), ("afterCertExpiry", "afterCertExpiry")])
def test_verify_timestamp(text: str, meaning: str) -> None:
    """The values of verifyTimestamp are read."""
    statement = make_statement(signatureVerification={"level": "strict", "verifyTimestamp": text})
    assert parse(statement).policies[0].verify_timestamp == meaning


@pytest.mark.requirement("trust:verify-timestamp")
def test_timestamps_are_always_verified_by_default() -> None:
    """Without verifyTimestamp it is `always`."""
    assert parse(make_statement()).policies[0].verify_timestamp is VerifyTimestamp.ALWAYS
