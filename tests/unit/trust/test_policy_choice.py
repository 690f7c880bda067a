"""The statement of a trust policy that applies to an artifact."""

import warnings
from typing import Any

import pytest

from notarykit.errors import NoApplicablePolicyError
from tests.unit.trust.statements import REPOSITORY, make_statement, parse, refusal, skip


@pytest.mark.requirement("trust:exact-statement")
def test_the_example_of_the_specification() -> None:
    """The specification's example with four statements is read without a warning."""
    subject = "x509.subject: C=US, ST=WA, L=Seattle, O=acme-rockets.io, OU=Finance, CN=SecureBuilder"
    wabbit = "x509.subject: C=US, ST=WA, L=Seattle, O=wabbit-networks.io, OU=Security Tools"
    legacy = {"level": "strict", "override": {"expiry": "log", "revocation": "skip"}}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        document = parse(
            make_statement(
                name="wabbit-networks-images",
                registryScopes=[REPOSITORY, "registry.acme-rockets.io/software/net-logger"],
                trustStores=["ca:wabbit-networks"],
                trustedIdentities=[wabbit],
            ),
            skip(name="unsigned-image", registryScopes=["registry.wabbit-networks.io/software/unsigned/net-utils"]),
            make_statement(
                name="use-expired-image",
                registryScopes=["registry.acme-rockets.io/software/legacy/metrics"],
                signatureVerification=legacy,
                trustedIdentities=["*"],
            ),
            make_statement(
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


@pytest.mark.requirement("trust:exact-statement", "workflow:applicable-policy")
def test_a_statement_that_names_the_repository_comes_before_the_global_one() -> None:
    """The global statement does not hide one behind it that names the repository."""
    everything = make_statement(name="all", registryScopes=["*"])
    for statements in ((everything, make_statement()), (make_statement(), everything)):
        document = parse(*statements)
        assert document.applicable(REPOSITORY).name == "acme"
        assert document.applicable("registry.acme-rockets.io/software").name == "all"


@pytest.mark.requirement("trust:no-expansion", "trust:no-statement")
@pytest.mark.parametrize(
    "repository",
    [
        "registry.acme-rockets.io/software",
        f"{REPOSITORY}/more",
        f"{REPOSITORY}s",
        REPOSITORY.upper(),
        REPOSITORY.replace("registry", "Registry"),
        f"{REPOSITORY}:latest",
        "net-monitor",
        "*",
        "",
    ],
)
def test_repositories_are_compared_letter_by_letter(repository: str) -> None:
    """A repository that no scope equals has no applicable statement and is not trusted."""
    with pytest.raises(NoApplicablePolicyError) as caught:
        parse(make_statement()).applicable(repository)
    assert caught.value.message.partition(": ")[0] == f"no trust policy applies to {repository}"
    assert caught.value.advice == "add its full repository name to the registryScopes of a policy statement"
    assert caught.value.exit_code == 1


@pytest.mark.parametrize("prefix", [{"name": 1}, "*", None])
def test_malformed_statements_are_refused_wherever_they_stand(prefix: Any) -> None:
    """A malformed statement makes the document malformed, even where another would apply."""
    refusal(make_statement(), prefix)
