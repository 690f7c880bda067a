"""Failed verification: exit code 1 by the artifact, 2 by the configuration, 3 by the storage."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from notarykit._internal.rfc3339 import utc_now
from notarykit.envelope.payload import make_payload
from notarykit.keys.local import LocalSigner
from notarykit.oci.layout import ImageLayout
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from tests.cli.world import VERIFY, World
from tests.support.ca import Changes, TestChain, make_chain, name
from tests.support.envelopes import JWS, sign_envelope
from tests.support.homes import OTHER_IDENTITY, policy_document
from tests.support.layouts import blob_path, make_layout
from tests.support.signatures import envelope_file, flipped, readdress, signature_manifests


def _sign_in_the_past(world: World, chain: TestChain, expires_in: timedelta | None = None) -> None:
    key_file, chain_file = world.home.add_key(chain, "past")
    sign_artifact(
        ImageLayout(world.layout.path),
        world.layout.digest,
        LocalSigner.from_files(str(key_file), str(chain_file)),
        SignOptions(now=utc_now() - timedelta(days=10), expires_in=expires_in),
    )


def first_signature(world: World) -> str:
    """Returns the digest of the first signature of the layout."""
    return signature_manifests(world.layout.path)[0]


def failure_prefix(reference: str) -> str:
    """Returns the beginning of the error line for an artifact that the tests' policy does not accept."""
    return f"signature verification failed for {reference} under trust policy 'tests' at level strict"


def _failure(world: World, code: int, *flags: str) -> str:
    """Verifies without success and returns the reason and the advice of the error line."""
    error = world.refused(code, *VERIFY, *flags, world.reference)
    head, signature = f"{failure_prefix(world.reference)}: ", f" (signature {first_signature(world)})"
    assert error.startswith(head)
    assert error.count(signature) == 1
    return error.removeprefix(head).replace(signature, "")


def test_missing_policy_is_refused(world: World) -> None:
    """Without a trust policy nothing is verified, and the line says how to get one."""
    world.home.policy_file.unlink()
    home = world.home.folder
    assert world.refused(2, *VERIFY, world.reference) == (
        f"no trust policy: neither {home}/trustpolicy.oci.json nor {home}/trustpolicy.json exists: import one with "
        "'notarykit policy import FILE', or create one with 'notarykit policy init'"
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "not JSON: "),
        ('{"version":"1.0","trustPolicies":[]}', "'trustPolicies' is empty; it needs at least one statement"),
        ('{"version":"2.0","trustPolicies":[]}', "version '2.0' is not supported; it must be '1.0'"),
        ('{"version":"1.0","version":"1.0","trustPolicies":[]}', "member 'version' occurs twice"),
        (json.dumps(policy_document(["x509.subject: CN=a"])), "statement 'tests': identity 'x509.subject: CN=a': "),
        (json.dumps(policy_document(level="lax")), "statement 'tests': 'signatureVerification': level 'lax' is not "),
    ],
)
def test_malformed_policy_is_refused(world: World, content: str, reason: str) -> None:
    """A malformed trust policy ends with 2; the line names the file, the place in it, and what to do."""
    world.home.policy_file.write_text(content)
    error = world.refused(2, *VERIFY, world.reference)
    assert error.startswith(f"trust policy {world.home.policy_file} is malformed: {reason}")
    assert error.endswith(": correct it, or import another with 'notarykit policy import --force FILE'")


def test_policy_that_is_a_link_is_refused(world: World) -> None:
    """A trust policy is not read through a link."""
    world.home.policy_file.rename(world.folder / "elsewhere.json")
    world.home.policy_file.symlink_to(world.folder / "elsewhere.json")
    error = world.refused(2, *VERIFY, world.reference)
    assert error == f"trust policy {world.home.policy_file} is not a regular file: links are not followed"


def test_scope_without_statement_is_refused(world: World) -> None:
    """An artifact for which no statement is meant is not verified."""
    world.home.set_policy(policy_document(scopes=["local/other"]))
    assert world.refused(1, *VERIFY, world.reference) == (
        "no trust policy applies to local/tests: "
        "add its full repository name to the registryScopes of a policy statement"
    )


def _remove_certificates(store: Path) -> None:
    for each in store.iterdir():
        each.unlink()


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (shutil.rmtree, "trust store ca:tests does not exist ({store}): add its root with "),
        (_remove_certificates, "trust store ca:tests has no certificates ({store}): add one with "),
    ],
    ids=["missing", "empty"],
)
def test_empty_trust_store_is_refused(world: World, prepare: Callable[[Path], None], reason: str) -> None:
    """A trust store that is missing or empty is the settings' fault, and the line has the command that helps."""
    world.sign()
    prepare(world.home.store())
    advice = "'notarykit certificate add --type ca --store tests FILE'"
    assert _failure(world, 2) == f"authenticity: {reason.format(store=world.home.store())}{advice}"


def test_artifact_without_signature_is_refused(world: World) -> None:
    """An artifact without a signature is not verified."""
    error = world.refused(1, *VERIFY, world.reference)
    assert error == (
        f"{failure_prefix(world.reference)}: no signature is associated with {world.layout.digest}: "
        "make sure the artifact was signed"
    )


def test_tampered_envelope_is_refused(world: World) -> None:
    """An envelope that is not what its digest says is not even parsed."""
    world.sign()
    path = envelope_file(world.layout.path, first_signature(world))
    envelope = path.read_bytes()
    for tampered in (b"", envelope[:-1], bytes([envelope[0] ^ 1]) + envelope[1:], envelope + b" "):
        path.write_bytes(tampered)
        assert _failure(world, 1) == f"hello: the content of sha256:{path.name} has another digest or size"


@pytest.mark.parametrize("short", ["jws", "cose"])
def test_tampered_payload_is_refused(world: World, short: str) -> None:
    """A payload with one bit flipped is refused although every digest was made to fit."""
    world.sign("--signature-format", short)
    readdress(world.layout.path, flipped)
    assert _failure(world, 1).startswith("integrity: ")


def test_tampered_artifact_is_refused(world: World) -> None:
    """An artifact that does not match its digest ends with 1, whoever signed it."""
    world.sign()
    blob_path(world.layout.path, world.layout.digest).write_bytes(b"{}")
    error = world.refused(1, *VERIFY, world.reference)
    assert error == f"hello: the content of {world.layout.digest} has another digest or size"


def test_signature_of_another_artifact_is_refused(world: World) -> None:
    """An envelope that is moved to another artifact is refused by what it says itself."""
    world.sign()
    other = make_layout(world.folder / "other", "v2")
    envelope = envelope_file(world.layout.path, first_signature(world)).read_bytes()
    place = ImageLayout(other.path)
    place.push_signature(place.resolve(other.digest), "application/jose+json", envelope, {})
    error = world.refused(1, *VERIFY, f"other@{other.digest}")
    assert f": integrity: the signature is for {world.layout.digest} (" in error


def test_other_identity_is_refused(world: World) -> None:
    """A signer from another root, or with another subject, is not trusted; the line names what is missing."""
    world.sign()
    world.home.set_policy(policy_document([OTHER_IDENTITY]))
    assert _failure(world, 1) == (
        "authenticity: signing certificate's subject 'CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,"
        "L=Seattle,ST=WA,C=US' matches none of the trusted identities: "
        "add it to trustedIdentities if this signer is to be trusted"
    )
    world.home.set_policy(policy_document(stores=["ca:other"]))
    world.home.trust(make_chain(), "other")
    assert _failure(world, 1) == (
        "authenticity: no certificate of the chain is in the trust stores ca:other; the chain ends with "
        "'CN=Root CA,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US': "
        "add that root to a trust store of the policy if it is to be trusted"
    )


def test_expired_signature_is_refused(world: World) -> None:
    """A signature that is past its own expiry ends with 1."""
    _sign_in_the_past(world, world.chain, timedelta(days=1))
    assert _failure(world, 1).startswith("expiry: the signature expired on ")


def test_expired_chain_is_refused(world: World) -> None:
    """A chain that has expired since the signing ends with 1, as there is no timestamp."""
    past = make_chain("EC-256", 2, not_after=utc_now().replace(microsecond=0) - timedelta(days=1))
    world.home.trust(past)
    _sign_in_the_past(world, past)
    failure = _failure(world, 1)
    assert failure.startswith("authenticTimestamp: signing certificate 'CN=wabbit-networks.io,")
    assert failure.endswith(
        ": have it signed again with a certificate that is valid, and with --timestamp-url: "
        "a timestamp keeps a signature good after its certificates have expired"
    )


def test_unsigned_metadata_is_refused(world: World) -> None:
    """Metadata that is wanted must have been signed with that very value."""
    world.sign("-m", "build=1")
    assert _failure(world, 1, "-m", "other=1") == "userMetadata: the signature carries no user metadata 'other'"
    reason = "userMetadata: the signature's user metadata 'build' is '1', not '2'"
    assert _failure(world, 1, "-m", "build=2") == reason


def test_error_is_of_the_signature_that_came_furthest(world: World) -> None:
    """A stranger's signature in front does not hide what the good one lacks."""
    world.home.add_key(make_chain(), "stranger")
    world.sign("--key", "stranger")
    world.sign("--key", "build", "-m", "build=1")
    world.sign("--key", "stranger")
    error = world.refused(1, *VERIFY, "-m", "build=2", world.reference)
    assert "; the one that came furthest: userMetadata: the signature's user metadata 'build' is '1', not '2'" in error


def test_signer_with_unreadable_subject_is_accepted_by_wildcard(world: World) -> None:
    """A signer trusted by `*` is accepted with an unreadable subject, which the output replaces."""
    odd = make_chain(subject=name("wab-XXXX-net"), leaf=Changes(swap=((b"XXXX", b"\xff\xfe\xff\xfe"),)))
    world.home.trust(odd)
    world.home.set_policy(policy_document(["*"]))
    place = ImageLayout(world.layout.path)
    artifact = place.resolve(world.layout.digest)
    payload = make_payload(artifact, {})
    place.push_signature(artifact, JWS, sign_envelope(odd, JWS, payload), {})
    assert world.verify().startswith("Successfully verified signature for ")
    (result,) = json.loads(world.verify("-o", "json"))["results"]
    assert result["verdict"] == "verified"
    assert result["signer"] == "(a name that cannot be read)"


def test_large_envelope_requires_the_flag(world: World) -> None:
    """An envelope above 1 MiB requires the flag, which `sign` and `verify` name."""
    signed = world.run("sign", "--oci-layout", "-m", f"pad={'x' * 1_000_000}", world.reference)
    assert signed.code == 0
    said = f"Warning: {world.reference}: signature {first_signature(world)}: the envelope has "
    assert signed.err.startswith(said)
    assert "beyond 1048576 it is verified only where a larger max-envelope-size is set" in signed.err
    assert "more than the 1048576 that are read" in _failure(world, 1)
    assert "--max-envelope-size" in world.refused(1, *VERIFY, world.reference)
    world.verify("--max-envelope-size", "2")
    assert "must be 1 to 32" in world.refused(2, *VERIFY, "--max-envelope-size", "33", world.reference)
