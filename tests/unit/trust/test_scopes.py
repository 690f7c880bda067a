"""Scopes that mean the same to people and not to a trust policy."""

import json
import warnings

import pytest

from notarykit.errors import NoApplicablePolicyError, NotarykitWarning
from notarykit.trust.parsing import parse_policy_document
from notarykit.trust.policy import TrustPolicyDocument

_ALIKE = [
    ("registry.example.com/app", "Registry.Example.COM/app"),
    ("Registry.example.com/app", "registry.example.com/app"),
    ("registry.example.com/app", "registry.example.com:443/app"),
    ("registry.example.com:443/app", "registry.example.com/app"),
    ("registry.example.com:80/app", "registry.example.com/app"),
    ("registry.example.com:0443/app", "registry.example.com/app"),
    ("registry.example.com:05000/app", "registry.example.com:5000/app"),
    ("[::1]:443/app", "[::1]/app"),
    ("docker.io/library/hello", "index.docker.io/library/hello"),
    ("docker.io/hello", "docker.io/library/hello"),
    ("registry-1.docker.io/acme/hello", "docker.io/acme/hello"),
    ("index.docker.io:443/hello", "DOCKER.io/library/hello"),
]
_DIFFERENT = [
    ("registry.example.com/app", "registry.example.com:5000/app"),
    ("registry.example.com/app", "registry.example.com/library/app"),
    ("registry.example.com/app", "registry.example.com/apps"),
    ("docker.io/acme/hello", "docker.io/library/hello"),
    ("docker.io.example.com/hello", "docker.io/library/hello"),
    ("localhost:4430/app", "localhost/app"),
    ("registry.example.com:50/app", "registry.example.com:5/app"),
    ("[::1]/app", "[::2]/app"),
]


def _document(*scopes: str) -> TrustPolicyDocument:
    statements = [
        {
            "name": f"number {number}",
            "registryScopes": [scope],
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:acme"],
            "trustedIdentities": ["*"],
        }
        for number, scope in enumerate(scopes, 1)
    ]
    return parse_policy_document(json.dumps({"version": "1.0", "trustPolicies": statements}).encode())


@pytest.mark.parametrize(("repository", "scope"), _ALIKE)
def test_a_scope_that_differs_in_form_alone(repository: str, scope: str) -> None:
    """Where an artifact falls to `*` and another scope means its repository, a warning names both."""
    document = _document(scope, "*")
    with pytest.warns(NotarykitWarning) as caught:
        assert document.applicable(repository).name == "number 2"
    (warning,) = caught
    for part in ("statement 'number 2'", repository, repr(scope), "letter by letter"):
        assert part in str(warning.message)


@pytest.mark.parametrize(("repository", "scope"), _ALIKE)
def test_a_scope_that_differs_in_form_alone_where_nothing_applies(repository: str, scope: str) -> None:
    """The refusal names the scope that was meant, which still does not apply."""
    with pytest.raises(NoApplicablePolicyError) as caught:
        _document(scope).applicable(repository)
    assert f"no trust policy applies to {repository}: the scope {scope!r} differs" in caught.value.message


@pytest.mark.parametrize(("repository", "scope"), [*_DIFFERENT, *((scope, scope) for scope, _ in _ALIKE)])
def test_scopes_that_mean_what_they_say(repository: str, scope: str) -> None:
    """Other repositories, and the one that is named letter by letter, bring no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = "number 1" if repository == scope else "number 2"
        assert _document(scope, "*").applicable(repository).name == expected


@pytest.mark.parametrize(("repository", "scope"), _ALIKE)
def test_look_alike_is_found(repository: str, scope: str) -> None:
    """A scope that people take for a repository is found, unless a statement names that repository itself."""
    assert _document("r.test/other", scope).look_alike(repository) == scope
    assert _document(scope, repository).look_alike(repository) is None
    assert _document("r.test/other", "*").look_alike(repository) is None
