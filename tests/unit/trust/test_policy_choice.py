"""The statement of a trust policy that applies to an artifact."""

import json
import warnings
from typing import Any

import pytest

from notarykit.errors import NoApplicablePolicyError, TrustPolicyError
from notarykit.trust.policy import (
    TrustPolicyDocument,
    parse_policy_document,
)

_ABSENT = object()
_REPOSITORY = "registry.acme-rockets.io/software/net-monitor"


def _statement(**changes: Any) -> dict[str, Any]:
    """A good statement with changes; a member with the value `_ABSENT` is left out."""
    good = {
        "name": "acme",
        "registryScopes": [_REPOSITORY],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme-rockets"],
        "trustedIdentities": ["x509.subject: C=US, ST=WA, O=acme-rockets.io"],
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not _ABSENT}


def _skip(**changes: Any) -> dict[str, Any]:
    """A good statement of the level `skip` with changes."""
    without = {"signatureVerification": {"level": "skip"}, "trustStores": _ABSENT, "trustedIdentities": _ABSENT}
    return _statement(**{**without, **changes})


def _parse(*statements: Any, **changes: Any) -> TrustPolicyDocument:
    document = {"version": "1.0", "trustPolicies": list(statements), **changes}
    return parse_policy_document(json.dumps(document).encode(), "policy.json")


def _refused(*statements: Any, **changes: Any) -> str:
    """The message with which a document is refused, without the part that is the same in all."""
    with pytest.raises(TrustPolicyError) as caught:
        _parse(*statements, **changes)
    start = "policy.json is malformed: "
    assert caught.value.message.startswith(start)
    assert caught.value.exit_code == 2
    return caught.value.message.removeprefix(start)


def test_the_example_of_the_specification() -> None:
    """The specification's example with four statements is read without a warning."""
    subject = "x509.subject: C=US, ST=WA, L=Seattle, O=acme-rockets.io, OU=Finance, CN=SecureBuilder"
    wabbit = "x509.subject: C=US, ST=WA, L=Seattle, O=wabbit-networks.io, OU=Security Tools"
    legacy = {"level": "strict", "override": {"expiry": "log", "revocation": "skip"}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = _parse(
            _statement(
                name="wabbit-networks-images",
                registryScopes=[_REPOSITORY, "registry.acme-rockets.io/software/net-logger"],
                trustStores=["ca:wabbit-networks"],
                trustedIdentities=[wabbit],
            ),
            _skip(name="unsigned-image", registryScopes=["registry.wabbit-networks.io/software/unsigned/net-utils"]),
            _statement(
                name="use-expired-image",
                registryScopes=["registry.acme-rockets.io/software/legacy/metrics"],
                signatureVerification=legacy,
                trustedIdentities=["*"],
            ),
            _statement(
                name="global-policy-for-all-other-images",
                registryScopes=["*"],
                signatureVerification={"level": "audit"},
                trustStores=["ca:acme-rockets", "ca:acme-rockets-ca2"],
                trustedIdentities=[subject],
            ),
        )
    assert document.applicable("registry.acme-rockets.io/software/net-logger").name == "wabbit-networks-images"
    assert document.applicable("registry.wabbit-networks.io/software/unsigned/net-utils").level.is_skip
    assert document.applicable("registry.acme-rockets.io/software/legacy/metrics").name == "use-expired-image"
    assert document.applicable("docker.io/library/registry").name == "global-policy-for-all-other-images"


def test_a_statement_that_names_the_repository_comes_before_the_global_one() -> None:
    """The global statement does not hide one behind it that names the repository."""
    everything = _statement(name="all", registryScopes=["*"])
    for statements in ((everything, _statement()), (_statement(), everything)):
        document = _parse(*statements)
        assert document.applicable(_REPOSITORY).name == "acme"
        assert document.applicable("registry.acme-rockets.io/software").name == "all"


@pytest.mark.parametrize(
    "repository",
    [
        "registry.acme-rockets.io/software",
        f"{_REPOSITORY}/more",
        f"{_REPOSITORY}s",
        _REPOSITORY.upper(),
        _REPOSITORY.replace("registry", "Registry"),
        f"{_REPOSITORY}:latest",
        "net-monitor",
        "*",
        "",
    ],
)
def test_repositories_are_compared_letter_by_letter(repository: str) -> None:
    """A repository that no scope equals has no applicable statement and is not trusted."""
    with pytest.raises(NoApplicablePolicyError) as caught:
        _parse(_statement()).applicable(repository)
    assert caught.value.message.partition(": ")[0] == f"no trust policy applies to {repository}"
    assert caught.value.advice == "add its full repository name to the registryScopes of a policy statement"
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("prefix", [{"name": 1}, "*", None])
def test_malformed_statements_are_refused_wherever_they_stand(prefix: Any) -> None:
    """A malformed statement makes the document malformed, even where another would apply."""
    _refused(_statement(), prefix)
