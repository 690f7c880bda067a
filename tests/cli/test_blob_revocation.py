"""Revocation of the signers of blobs: checks, evidence files, and collecting them by the signature alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.blobs import sign_blob
from tests.cli.test_json import schema
from tests.cli.world import World, error_of
from tests.support.ca import TestChain, make_chain
from tests.support.crls import make_crl, revoked
from tests.support.homes import OTHER_IDENTITY, SCOPE, blob_policy_document
from tests.support.ocsp_answers import responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain

_FETCH = ("revocation", "fetch", "--directory", "evidence")


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A signer's chain: the leaf names OCSP and a CRL, the intermediate a CRL alone."""
    chain = revocable_chain(responder.url(), ocsp_at={1: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    responder.put(crl_path(0), make_crl(chain))
    responder.put(crl_path(1), make_crl(chain, 2))
    return chain


@pytest.fixture
def signed(world: World) -> str:
    """A signed blob; returns its signature's path."""
    world.home.set_blob_policy()
    return f"{sign_blob(world)}.jws.sig"


def _fetched(world: World, code: int, *arguments: str) -> Any:
    done = world.run(*_FETCH, "-o", "json", *arguments)
    assert done.code == code
    document = json.loads(done.out)
    schema("revocation").validate(document)
    return document["results"]


def test_revoked_signer_is_refused(world: World, responder: Responder, signed: str) -> None:
    """A blob of a signer whose certificate is revoked is refused, and a local CRL says it as well."""
    assert world.did("blob", "verify", "release.tar").startswith("Successfully")
    crl = make_crl(world.chain, 1, [revoked(world.chain)])
    responder.fail(ocsp_path(0), 503)
    (world.folder / "ca.crl").write_bytes(crl)
    error = world.refused(1, "blob", "verify", "--crl", "ca.crl", "release.tar")
    assert "revocation: certificate 'CN=wabbit-networks.io" in error
    assert "is revoked (on 20" in error


def test_evidence_replaces_the_network(world: World, responder: Responder, signed: str) -> None:
    """Evidence is collected by a blob's signature, without the blob, and suffices to verify without a network."""
    (world.folder / "release.tar").rename("elsewhere")
    said, _, flags = world.did(*_FETCH, "--signature", signed).partition(
        "On the machine without a network, verify with "
    )
    assert said.startswith(f"Collected 2 file(s) for {signed}\n")
    assert flags.split() == ["--evidence", "evidence"]
    for path in (ocsp_path(0), crl_path(0), crl_path(1)):
        responder.fail(path, 500)
    Path("elsewhere").rename("release.tar")
    command = ("blob", "verify", "release.tar")
    cache = str(world.folder / "none")
    assert world.process(*command, *flags.split(), NOTATION_CACHE=cache).code == 0
    without = world.process(*command, NOTATION_CACHE=cache)
    assert (without.code, "is unknown" in error_of(without.err)) == (1, True)


def test_nothing_to_collect(world: World) -> None:
    """A chain that names neither responder nor CRL needs no evidence: nothing is written, and the text says so."""
    chain = make_chain("EC-256", 2)
    world.home.add_key(chain, "plain")
    world.home.trust(chain)
    world.home.set_blob_policy()
    signature = f"{sign_blob(world)}.jws.sig"
    assert world.did(*_FETCH, "--signature", signature).splitlines() == [
        f"Collected 0 file(s) for {signature}",
        "No certificate names an OCSP responder or a CRL: verify without --evidence",
    ]
    assert not Path("evidence").exists()
    assert world.did("blob", "verify", "release.tar").startswith("Successfully")


def test_result_of_each_signature(world: World, responder: Responder, signed: str) -> None:
    """Each signature has its result, with what it is for; one that is none does not stop the others."""
    good, bad = _fetched(world, 3, "-s", signed, "-s", "none.jws.sig")
    assert (good["signature"], good["isComplete"], good["problems"]) == (signed, True, [])
    assert good["artifact"]["size"] == len(b"a release")
    assert {each["kind"] for each in good["files"]} == {"ocsp", "crl"}
    assert (bad["signature"], bad["error"]["exitCode"]) == ("none.jws.sig", 3)


def test_incomplete_evidence_is_reported(world: World, responder: Responder, signed: str) -> None:
    """Where something is missing the command says so, under the signature's path."""
    responder.fail(crl_path(1), 500)
    (result,) = _fetched(world, 3, "--signature", signed)
    assert not result["isComplete"]
    assert [problem["signature"] for problem in result["problems"]] == [signed]
    done = world.run(*_FETCH, "--signature", signed)
    assert f"Warning: {signed}: " in done.err
    assert f"Error: {signed}: the revocation evidence is incomplete" in done.err


def test_control_characters_in_a_name(world: World, responder: Responder, signed: str) -> None:
    """JSON has the path as it is, and text has its control characters escaped."""
    strange = "a\x1bb.jws.sig"
    Path(signed).rename(strange)
    responder.fail(crl_path(1), 500)
    (result,) = _fetched(world, 3, "--signature", strange)
    assert {result["signature"], *(problem["signature"] for problem in result["problems"])} == {strange}
    assert "Warning: a\\x1bb.jws.sig: " in world.run(*_FETCH, "--signature", strange).err


def test_nothing_is_requested_for_untrusted_signers(world: World, responder: Responder, signed: str) -> None:
    """Servers that a stranger's certificates name get no request, and the policy is the one that is named."""
    documents = [
        blob_policy_document("strangers", identities=[OTHER_IDENTITY]),
        blob_policy_document("releases", is_global=False),
    ]
    statements = [each for document in documents for each in document["trustPolicies"]]
    world.home.set_blob_policy({"version": "1.0", "trustPolicies": statements})
    responder.forget()
    (result,) = _fetched(world, 1, "--signature", signed)
    assert result["error"]["message"] == "the signature has no trusted signer, so nothing was collected"
    assert not responder.asked
    (result,) = _fetched(world, 0, "--signature", signed, "--policy-name", "releases")
    assert result["isComplete"]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ((), 2, "missing reference to the artifact: or name the signatures of blobs with --signature"),
        (("--signature", "release.tar.jws.sig", "hello@x"), 2, "--signature is for blobs, which have no reference"),
        (("--signature", "release.tar.jws.sig", "--oci-layout"), 2, "exclude each other"),
        (("--signature", "release.tar.jws.sig", "--scope", SCOPE), 2, "exclude each other"),
        (("--signature", "release.tar.jws.sig", "--policy-name", ""), 2, "--policy-name is set, but with an empty"),
        (("--policy-name", "tests", "localhost:1/a:b"), 2, "--policy-name requires --signature"),
        (("--signature", "release.tar.jws.sig", "--policy-name", "none"), 1, "no applicable blob trust policy"),
        (("--signature", "release.tar"), 2, "does not tell the signature's format"),
        (("--signature", "bad.jws.sig"), 1, "JSON"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_arguments_that_are_refused(
    world: World, signed: str, arguments: tuple[str, ...], code: int, complaint: str
) -> None:
    """Flags that do not go together, and files that are no signature, are refused, and nothing is written."""
    (world.folder / "bad.jws.sig").write_bytes(b"x")
    assert complaint in world.refused(code, *_FETCH, *arguments)
    assert not (world.folder / "evidence").exists()
