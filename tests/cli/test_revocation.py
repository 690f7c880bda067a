"""Revocation at the command line: what is asked, `--debug`, files in place of the network, and collecting them."""

import json
from pathlib import Path

import pytest

from notarykit.revocation import checker
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.limits import Limits
from tests.cli.test_json import schema
from tests.cli.world import VERIFY, World, error_of
from tests.support.ca import TestChain, make_chain
from tests.support.crls import make_crl, revoked
from tests.support.homes import SCOPE, policy_document
from tests.support.ocsp_answers import REVOKED, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain
from tests.support.signatures import signature_manifests


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A signer's chain: the leaf names OCSP and a CRL, the intermediate a CRL alone."""
    chain = revocable_chain(responder.url(), ocsp_at={1: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    responder.put(crl_path(0), make_crl(chain))
    responder.put(crl_path(1), make_crl(chain, 2))
    return chain


def test_debug_explains_requests(world: World, responder: Responder) -> None:
    """`--debug` tells whom was asked about which certificate, and what was answered; `--verbose` does not."""
    world.sign()
    done = world.run(*VERIFY, "--debug", world.reference)
    assert done.code == 0
    assert f"OCSP {responder.url(ocsp_path(0))}: good" in done.err
    assert f"CRL {responder.url(crl_path(1))}: good" in done.err
    assert "OCSP" not in world.run(*VERIFY, "--verbose", world.reference).err
    steps = {step["step"]: step for step in json.loads(world.verify("-o", "json"))["results"][0]["steps"]}
    assert any("good" in line for line in steps["revocation"]["explained"])
    assert [name for name, step in steps.items() if step["explained"]] == ["revocation"]


@pytest.mark.parametrize("by", ["ocsp", "crl"])
def test_revoked_signer_is_refused(world: World, responder: Responder, by: str) -> None:
    """A signer whose certificate is revoked is refused, by either way."""
    if by == "ocsp":
        responder.ocsp(ocsp_path(0), responding(world.chain, 0, REVOKED))
    else:
        responder.fail(ocsp_path(0), 503)
        responder.put(crl_path(0), make_crl(world.chain, 1, [revoked(world.chain)]))
    world.sign()
    error = world.refused(1, *VERIFY, world.reference)
    assert "revocation: certificate 'CN=wabbit-networks.io" in error
    assert "is revoked (on 20" in error


def test_level_determines_the_consequence(world: World, responder: Responder) -> None:
    """An unknown status is enforced, logged or skipped, as the policy's level determines."""
    responder.fail(ocsp_path(0), 500)
    responder.fail(crl_path(0), 404)
    world.sign()
    error = world.refused(1, *VERIFY, world.reference)
    assert "is unknown" in error
    assert "it answers with status 500" in error
    assert "--evidence, --ocsp-response or --crl" in error
    world.home.set_policy(policy_document(override={"revocation": "log"}))
    done = world.run(*VERIFY, world.reference)
    assert done.code == 0
    assert ': revocation was set to "log" and failed with error: ' in done.err
    world.home.set_policy(policy_document(override={"revocation": "skip"}))
    responder.forget()
    world.verify()
    assert not responder.asked


def _collect(world: World) -> list[str]:
    """Collects evidence and returns the flags that the output names for verification."""
    out = world.did("revocation", "fetch", "--directory", "evidence", "--oci-layout", "--scope", SCOPE, world.reference)
    said, _, flags = out.partition("On the machine without a network, verify with ")
    assert said.startswith("Collected 2 file(s) for hello@")
    assert "All valid until" in said
    return flags.split()


def test_evidence_replaces_the_network(world: World, responder: Responder) -> None:
    """Collected evidence suffices without a network and a cache, and nothing else is requested."""
    world.sign()
    flags = _collect(world)
    assert flags == ["--evidence", "evidence"]
    responder.fail(ocsp_path(0), 500)
    responder.fail(crl_path(0), 500)
    responder.fail(crl_path(1), 500)
    assert world.process(*VERIFY, *flags, world.reference, NOTATION_CACHE=str(world.folder / "none")).code == 0
    (crl,) = (world.folder / "evidence").glob("crl-*.crl")
    (answer,) = (world.folder / "evidence").glob("ocsp-*.der")
    one_by_one = ("--crl", str(crl), "--ocsp-response", str(answer))
    assert world.process(*VERIFY, *one_by_one, world.reference, NOTATION_CACHE=str(world.folder / "none")).code == 0
    without = world.process(*VERIFY, *one_by_one[2:], world.reference, NOTATION_CACHE=str(world.folder / "none"))
    assert without.code == 1
    assert "is unknown" in error_of(without.err)


def test_incomplete_evidence_is_written_and_reported(world: World, responder: Responder) -> None:
    """Where something is missing, what could be had is kept, and the command says what is not there."""
    responder.fail(crl_path(1), 500)
    world.sign()
    done = world.run(
        "revocation",
        "fetch",
        "-o",
        "json",
        "--directory",
        "evidence",
        "--oci-layout",
        "--scope",
        SCOPE,
        world.reference,
    )
    assert done.code == 3
    schema("revocation").validate(json.loads(done.out))
    assert "the revocation evidence is incomplete" in done.err
    result = json.loads(done.out)["results"][0]
    assert not result["isComplete"]
    assert [each["kind"] for each in result["files"]] == ["ocsp"]
    assert Path(result["files"][0]["path"]).exists()
    assert "status 500" in result["problems"][0]["error"]["message"]


def test_nothing_is_requested_for_untrusted_signers(world: World, responder: Responder) -> None:
    """Servers named by certificates of untrusted signers get no request."""
    world.sign()
    world.home.set_policy(policy_document(identities=["x509.subject: C=US, ST=WA, O=acme-rockets.io"]))
    responder.forget()
    done = world.run(
        "revocation", "fetch", "--directory", "evidence", "--oci-layout", "--scope", SCOPE, world.reference
    )
    assert done.code == 1
    assert "no signature of the artifact has a trusted signer" in done.err
    assert not responder.asked


@pytest.mark.parametrize(
    ("flag", "content", "complaint"),
    [
        ("--crl", b"rubbish", "file holds no CRL: it is no readable CRL"),
        ("--ocsp-response", b"rubbish", "file holds no OCSP response in DER"),
        ("--crl", None, "does not exist"),
        ("--evidence", None, "does not exist: fill it with 'notarykit revocation fetch', which says so where"),
        ("--evidence", b"rubbish", "cannot be read: Not a directory"),
    ],
)
def test_files_with_other_content_are_refused(world: World, flag: str, content: bytes | None, complaint: str) -> None:
    """A file that holds something else is refused before anything is verified."""
    if content is not None:
        (world.folder / "file").write_bytes(content)
    assert complaint in world.refused(2, *VERIFY, flag, "file", world.reference)


def test_evidence_directory_without_evidence_is_refused(world: World) -> None:
    """A folder that nothing was collected into is no evidence, and a file is no folder to collect into."""
    (world.folder / "empty").mkdir()
    assert "notarykit revocation fetch" in world.refused(2, *VERIFY, "--evidence", "empty", world.reference)
    (world.folder / "file").write_text("")
    fetch = ("revocation", "fetch", "--directory", "file", "--oci-layout", "--scope", SCOPE)
    assert world.refused(2, *fetch, world.reference) == "--directory file is not a directory"


@pytest.mark.parametrize("flag", ["--ocsp-timeout", "--crl-timeout"])
def test_time_limit_of_zero_is_refused(world: World, flag: str) -> None:
    """A limit of nothing is refused rather than taken for the usual one."""
    assert "must be a second or more" in world.refused(2, *VERIFY, flag, "0s", world.reference)


def test_certificates_without_sources_need_no_evidence(world: World) -> None:
    """Where no certificate names a place to ask, the command says so."""
    chain = make_chain()
    world.home.add_key(chain, "plain")
    world.home.trust(chain)
    world.sign("--key", "plain")
    out = world.did("revocation", "fetch", "--directory", "none", "--oci-layout", "--scope", SCOPE, world.reference)
    assert "names an OCSP responder or a CRL" in out
    assert not (world.folder / "none").exists()


_FETCH = ("revocation", "fetch", "--directory", "evidence", "--oci-layout", "--scope", SCOPE)


def test_signatures_beyond_the_limit_make_evidence_incomplete(world: World) -> None:
    """Evidence for some of the signatures is not complete."""
    world.sign()
    world.sign()
    done = world.run(*_FETCH, "--max-signatures", "1", world.reference)
    assert done.code == 3
    assert "more than the 1 signatures that are looked at" in done.err
    assert world.run(*_FETCH, "--max-signatures", "2", world.reference).code == 0


def test_unreadable_signature_makes_evidence_incomplete(world: World) -> None:
    """Evidence beside an unreadable signature is not complete."""
    world.sign()
    world.sign()
    manifest = signature_manifests("hello")[0].removeprefix("sha256:")
    blob = world.folder / "hello" / "blobs" / "sha256"
    layer = json.loads((blob / manifest).read_text())["layers"][0]["digest"].removeprefix("sha256:")
    (blob / layer).unlink()
    done = world.run(*_FETCH, "-o", "json", world.reference)
    assert done.code == 3
    result = json.loads(done.out)["results"][0]
    assert not result["isComplete"]
    assert len(result["files"]) == 2


@pytest.mark.parametrize("timestamps", ["always", "afterCertExpiry"])
def test_evidence_of_signatures_without_timestamp(world: World, timestamps: str) -> None:
    """A timestamp that is not there is missed where the policy wants one, and nowhere else."""
    document = policy_document(stores=("ca:tests", "tsa:tests"))
    document["trustPolicies"][0]["signatureVerification"]["verifyTimestamp"] = timestamps
    world.home.set_policy(document)
    world.home.trust(make_chain(purpose="timestamping"), kind="tsa")
    world.sign()
    done = world.run(*_FETCH, world.reference)
    assert done.code == 0
    assert ("the signature has none" in done.err) == (timestamps == "always")


@pytest.mark.requirement("trust:crl-threshold", "trust:ocsp-threshold")
@pytest.mark.parametrize(
    ("flags", "limits"),
    [
        ((), (2.0, 5.0, False)),
        (("--ocsp-timeout", "3s"), (3.0, 5.0, False)),
        (("--crl-timeout", "1m"), (2.0, 60.0, False)),
        (("--ocsp-nonce",), (2.0, 5.0, True)),
    ],
)
def test_limits_reach_the_requests(
    world: World, monkeypatch: pytest.MonkeyPatch, flags: tuple[str, ...], limits: tuple[float, float, bool]
) -> None:
    """Time limits and the nonce flag apply to requests of `verify` and of `revocation fetch`."""
    seen: list[Limits] = []
    real = checker._shared_fetcher

    def noted(asked: Limits, folder: str, minute: int | None) -> RevocationFetcher:
        seen.append(asked)
        return real(asked, folder, minute)

    monkeypatch.setattr(checker, "_shared_fetcher", noted)
    world.sign()
    world.run(*VERIFY, *flags, world.reference)
    world.run(*_FETCH, *flags, world.reference)
    assert seen == [Limits(*limits)] * 2
