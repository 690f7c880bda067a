"""`bundle refresh`: the evidence is collected anew, and nothing else changes."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

from notarykit.revocation import checker
from tests.cli.bundle.making import CREATE, FILE
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.bundles import Parts, members_of
from tests.support.ca import TestChain
from tests.support.crls import NOW, make_crl
from tests.support.homes import OTHER_IDENTITY, policy_document
from tests.support.ocsp_answers import REVOKED, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path


def _forget() -> None:
    """Has evidence fetched anew, as a process of later does."""
    checker._shared_fetcher.cache_clear()
    shutil.rmtree("cache", ignore_errors=True)


def test_evidence_is_of_now(world: World, bundle: str, responder: Responder, chain: TestChain) -> None:
    """New evidence takes the place of the old; artifact, signatures and trust keep their bytes."""
    before, old = Parts(bundle), members_of(bundle)
    until = NOW + timedelta(days=20)
    responder.put(crl_path(1), make_crl(chain, 2, number=2, next_update=until))
    _forget()
    out = world.did("bundle", "refresh", bundle)
    assert out.startswith(f"Successfully refreshed the bundle {FILE}: 1 artifact, 1 signature, 2 pieces")
    after = Parts(bundle)
    assert after.contents == before.contents
    assert after.manifest["layers"][0] == before.manifest["layers"][0]
    assert after.manifest["layers"][1] != before.manifest["layers"][1]
    gone = set(old.values()) - set(members_of(bundle).values())
    assert before.json(before.index["manifests"][0]["digest"]) == before.manifest
    assert len(gone) == 4  # the index, the manifest, the CRL and the response
    world.did("bundle", "verify", bundle)


def test_cached_crl_is_fetched_again(world: World, bundle: str, responder: Responder, chain: TestChain) -> None:
    """A CRL in the file cache that is still valid gives way to the one that its issuer has published since."""
    responder.put(crl_path(1), make_crl(chain, 2, number=1, next_update=NOW + timedelta(days=5)))
    checker._shared_fetcher.cache_clear()
    world.did("bundle", "refresh", bundle)
    assert list(Path("cache").rglob("crl/*"))
    until = NOW + timedelta(days=20)
    responder.put(crl_path(1), make_crl(chain, 2, number=2, next_update=until))
    checker._shared_fetcher.cache_clear()
    world.did("bundle", "refresh", bundle)
    assert f"{until:%Y-%m-%d}" in world.did("bundle", "inspect", bundle)


def test_into_another_file(world: World, bundle: str) -> None:
    """With `-o` the bundle stays as it is."""
    content = Path(bundle).read_bytes()
    world.did("bundle", "refresh", bundle, "-o", "new.tar")
    assert Path(bundle).read_bytes() == content
    world.did("bundle", "verify", "new.tar")


def test_same_evidence_gives_the_same_bytes(world: World, bundle: str) -> None:
    """Refreshed with the evidence that it has, a bundle has the same bytes."""
    content = Path(bundle).read_bytes()
    world.did("bundle", "refresh", bundle)
    assert Path(bundle).read_bytes() == content


def test_missing_evidence_leaves_the_old(world: World, bundle: str, responder: Responder) -> None:
    """Where evidence cannot be had, the bundle stays as it is, and the command fails."""
    content = Path(bundle).read_bytes()
    responder.fail(ocsp_path(0), 500)
    _forget()
    done = world.run("bundle", "refresh", bundle)
    assert done.code == 1
    assert "it answers with status 500" in done.err
    assert Path(bundle).read_bytes() == content
    assert not Path(f"{bundle}.partial").exists()


def test_revocation_since_is_found(world: World, bundle: str, responder: Responder, chain: TestChain) -> None:
    """A signer who was revoked meanwhile is not verified any more, and the command says so."""
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    _forget()
    done = world.run("bundle", "refresh", bundle)
    assert done.code == 1
    assert "would not be verified with the bundle" in done.err
    assert "is revoked" in done.err
    assert world.run("bundle", "refresh", "--allow-unverified", bundle).code == 0
    assert "is revoked" in world.refused(1, "bundle", "verify", bundle)


def test_trust_that_counts(world: World, bundle: str) -> None:
    """Evidence is collected for signers whom the user trusts, or the bundle's trust if its digest is named."""
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    assert world.run("bundle", "refresh", bundle).code == 1
    digest = Parts(bundle).manifest["layers"][0]["digest"]
    world.did("bundle", "refresh", bundle, "--trust-from-bundle", digest)
    world.home.set_policy(policy_document(scopes=["local/other"]))
    error = world.refused(1, "bundle", "refresh", bundle)
    assert error.startswith("local/tests@")
    assert "no trust policy applies" in error


def test_json(world: World, bundle: str) -> None:
    """The JSON describes the refreshed bundle, or says what is wrong."""
    document = json.loads(world.did("bundle", "refresh", "--output", "json", bundle))
    schema("bundle").validate(document)
    assert (document["bundle"], document["problems"]) == (FILE, [])
    world.home.set_policy(policy_document(scopes=["local/other"]))
    document = json.loads(world.run("bundle", "refresh", "--output", "json", bundle).out)
    schema("bundle").validate(document)
    assert document["errors"][0]["error"]["type"] == "NoApplicablePolicyError"


def test_created_and_refreshed_are_alike(world: World, bundle: str) -> None:
    """Refreshed and made anew, the same artifact and evidence give the same file."""
    world.did("bundle", "refresh", bundle)
    world.did(*CREATE, world.reference, "-o", "new.tar")
    assert Path("new.tar").read_bytes() == Path(bundle).read_bytes()


def test_empty_path_replaces_nothing(world: World, bundle: str) -> None:
    """A path that is empty, as an unset variable leaves it, does not have the bundle replaced."""
    before = Path(bundle).read_bytes()
    assert "--output-file is set, but with an empty value" in world.refused(2, "bundle", "refresh", bundle, "-o", "")
    assert Path(bundle).read_bytes() == before
