"""Policies out of files: whole, or not at all."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from notarykit.errors import ConfigurationError, ConfigurationWarning
from notarykit_admission.policy.policies import counts, identity_of, load_policies
from tests.support.ca import make_chain
from tests.unit.admission.policy.setups import CHAIN, document, files, root

_STORE = "truststore/x509/ca/acme/"


def _rules(**members: Any) -> bytes:
    return json.dumps({"version": "1", **members}).encode()


def _roots(found: Mapping[str, bytes]) -> frozenset[bytes]:
    verifier = load_policies(found).of("").trust_policy.verifier
    (reference,) = verifier.policies.policies[0].stores
    return verifier.store.certificates(reference)


def test_good_folder() -> None:
    """Without rules, every namespace has the policy of notation's name, with the certificates of its store."""
    policies = load_policies(files())
    assert policies.of("shop").trust_policy is policies.of("").trust_policy
    assert policies.of("").trust_policy.verifier.policies.applicable("r.test/web").name == "one"
    assert _roots(files()) == {CHAIN.ders[-1]}


@pytest.mark.parametrize(
    "path",
    [
        "trustpolicy.json",
        "rules.json",
        "truststore",
        "truststore/x509",
        "truststore/x509/ca",
        "truststore/x509/ca/acme",
        "truststore/x509/ca/acme/root.pem",
        "truststore/x509/tsa/acme/root.cer",
    ],
)
def test_what_counts(path: str) -> None:
    """Documents, and certificates of trust stores, can decide something, and so can the folders on the way."""
    assert counts(path)


@pytest.mark.parametrize(
    "path",
    [
        "localkeys",
        "localkeys/acme.key",
        "plugins",
        "acme.pem",
        "truststore/notes.json",
        "truststore/x509/ca/acme/notes.txt",
        "truststore/x509/ca/acme/sub/root.pem",
    ],
)
def test_what_does_not_count(path: str) -> None:
    """Other files of a user's settings, such as private keys, are not looked at."""
    assert not counts(path)


def test_newer_name_of_the_policy() -> None:
    """The policy of notation's newer name counts where no rule names one, as it does for notation."""
    found = dict(files())
    found["trustpolicy.oci.json"] = found.pop("trustpolicy.json")
    assert load_policies(found).rules.default.policy == "trustpolicy.oci.json"
    found["rules.json"] = _rules(default={"mode": "warn"}, namespaces={"shop": {"policy": "shop.json"}})
    found["shop.json"] = document(scope="r.test/shop")
    assert load_policies(found).rules.policies == {"trustpolicy.oci.json", "shop.json"}


def test_policies_of_both_names() -> None:
    """The newer name counts, with a warning of the other; a rule can name either."""
    found = {**files(), "trustpolicy.oci.json": document(scope="r.test/shop")}
    with pytest.warns(ConfigurationWarning, match=r"trustpolicy\.oci\.json is used and trustpolicy\.json is not"):
        policies = load_policies(found)
    assert policies.of("").trust_policy.verifier.policies.policies[0].scopes == ("r.test/shop",)
    policies = load_policies({**found, "rules.json": _rules(default={"policy": "trustpolicy.json"})})
    assert policies.of("").trust_policy.verifier.policies.policies[0].scopes == ("*",)


def test_policies_of_namespaces() -> None:
    """Each namespace has the policy that its rule names."""
    rules = _rules(namespaces={"shop": {"policy": "shop.json"}})
    found = {**files(), "rules.json": rules, "shop.json": document(scope="r.test/shop")}
    policies = load_policies(found)
    assert policies.of("other").trust_policy.verifier.policies.policies[0].scopes == ("*",)
    assert policies.of("shop").trust_policy.verifier.policies.policies[0].scopes == ("r.test/shop",)
    assert policies.of("shop").trust_policy.identity != policies.of("other").trust_policy.identity


def test_certificates_of_a_store() -> None:
    """All certificate files of a store count; other files, and folders in it, do not."""
    other = make_chain()
    more = {
        f"{_STORE}b.crt": root(other),
        f"{_STORE}c.cer": root(),
        f"{_STORE}notes.txt": b"not a certificate",
        f"{_STORE}sub/d.pem": b"not a certificate",
    }
    assert _roots({**files(), **more}) == {CHAIN.ders[-1], other.ders[-1]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"trustpolicy.json": None}, "has no file trustpolicy.json"),
        ({"trustpolicy.json": b"{"}, "trust policy trustpolicy.json"),
        ({"trustpolicy.json": document("ca:other")}, "ca:other has no certificates: put its root into"),
        ({f"{_STORE}root.pem": None}, "ca:acme has no certificates: put its root into truststore/x509/ca/acme"),
        ({f"{_STORE}root.pem": b""}, f"{_STORE}root.pem: ca:acme holds no certificate"),
        ({f"{_STORE}more.pem": b"nonsense"}, f"{_STORE}more.pem: ca:acme is neither PEM nor DER"),
        ({"truststore/x509/nonsense/acme/root.pem": root()}, "nonsense/acme/root.pem: 'nonsense:acme'"),
        ({"rules.json": b"{}"}, "rules.json"),
        ({"rules.json": _rules(namespaces={"shop": {"policy": "shop.json"}})}, "has no file shop.json"),
    ],
)
def test_broken_folder(changes: Mapping[str, bytes | None], message: str) -> None:
    """One file that is missing or wrong makes the whole folder count for nothing."""
    found = {path: content for path, content in {**files(), **changes}.items() if content is not None}
    with pytest.raises(ConfigurationError) as caught:
        load_policies(found)
    assert message in caught.value.one_line()


def test_identity() -> None:
    """The same files are the same state; another content, name or division of contents is another."""
    assert identity_of({"a": b"1", "b": b"2"}) == identity_of({"b": b"2", "a": b"1"})
    others: list[Mapping[str, bytes]] = [
        {},
        {"a": b"1"},
        {"a": b"1", "b": b""},
        {"a": b"", "b": b"1"},
        {"ab": b"1"},
        {"a": b"b1"},
    ]
    assert len({identity_of(each) for each in others}) == len(others)
    assert load_policies(files()).of("").trust_policy.identity == load_policies(files()).of("").trust_policy.identity
