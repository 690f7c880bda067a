"""The functions that most programs need, on image layouts and with the user's settings."""

import copy
import importlib
import json
import pickle
import threading
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import notarykit
from notarykit._internal.threads import start
from notarykit.errors import (
    ArtifactNotFoundError,
    NetworkError,
    NoAcceptedSignatureError,
    PassphraseError,
    SigningKeyError,
    StorageError,
    TrustPolicyError,
    UsageError,
)
from tests.support.ca import TestChain, make_chain
from tests.support.homes import OTHER_IDENTITY, SCOPE, Home, complete_home, policy_document
from tests.support.layouts import make_layout


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """Return the signer's chain."""
    return make_chain()


@pytest.fixture
def home(tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return the user's settings: a key, whose chain is trusted."""
    home = complete_home(tmp_path / "home", chain)
    for name, value in (("NOTATION_CONFIG", str(home.folder)), ("HOME", str(tmp_path))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NOTARYKIT_KEY_PASSPHRASE", raising=False)
    return home


@pytest.fixture
def reference(tmp_path: Path) -> notarykit.LayoutReference:
    """Return an artifact in an image layout."""
    layout = make_layout(tmp_path / "hello")
    return notarykit.parse_layout_reference(f"{layout.path}@{layout.digest}")


def test_sign_and_verify(home: Home, reference: notarykit.LayoutReference) -> None:
    """What is signed with the default key is accepted under the user's policy, with what was signed along."""
    made = notarykit.sign(
        reference, options=notarykit.SignOptions(user_metadata={"build": "42"}, expires_in=timedelta(hours=1))
    )
    found = notarykit.verify(reference, scope=SCOPE, user_metadata={"build": "42"})
    assert isinstance(found.verdict, notarykit.Verified)
    assert found.verdict.policy == "tests"
    assert found.verdict.user_metadata == {"build": "42"}
    assert found.verdict.attributes.expiry is not None
    assert found.artifact == made.artifact
    assert found.signature is not None
    assert found.signature.digest == made.manifest.digest


def test_resolve(home: Home, reference: notarykit.LayoutReference) -> None:
    """A tag leads to the artifact that it names now, and an artifact that is not there is an error."""
    found = notarykit.resolve(notarykit.parse_layout_reference(f"{reference.path}:v1"))
    assert (found.digest, found) == (reference.identifier, notarykit.resolve(reference, timeout=60))
    with pytest.raises(ArtifactNotFoundError):
        notarykit.resolve(notarykit.parse_layout_reference(f"{reference.path}:absent"))
    with pytest.raises(UsageError):
        notarykit.resolve("hello")


def test_a_call_with_an_end(home: Home, reference: notarykit.LayoutReference) -> None:
    """With time enough the result is the same, and so is the error."""
    notarykit.sign(reference, timeout=60)
    assert isinstance(notarykit.verify(reference, scope=SCOPE, timeout=60).verdict, notarykit.Verified)
    with pytest.raises(notarykit.VerificationError) as caught:
        notarykit.verify(reference, scope=SCOPE, user_metadata={"build": "43"}, timeout=60)
    assert [each.step for each in caught.value.results][-1] == "userMetadata"


def test_nothing_is_stored_behind_the_end_of_a_call(
    home: Home, reference: notarykit.LayoutReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that answers when its caller has been told that nothing came of it signs nothing that others find."""
    ends, works = threading.Event(), list[Future[Any]]()
    signer: Any = notarykit.load_signer()

    class Late:
        def key_spec(self) -> Any:
            return signer.key_spec()

        def sign(self, to_be_signed: bytes) -> Any:
            ends.wait()
            return signer.sign(to_be_signed)

    def kept(work: Any) -> Future[Any]:
        works.append(start(work))
        return works[0]

    monkeypatch.setattr("notarykit.api.time_limit.start", kept)
    monkeypatch.setattr("notarykit.api.time_limit._GRACE_SECONDS", 0.0)
    with pytest.raises(NetworkError, match="no end within"):
        notarykit.sign(reference, Late(), timeout=0.05)
    ends.set()
    assert isinstance(works[0].exception(60), StorageError)
    assert len(json.loads((Path(reference.path) / "index.json").read_bytes())["manifests"]) == 1


def test_an_end_at_the_last_moment(
    home: Home, reference: notarykit.LayoutReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has come to its end when it is given up is the result all the same."""

    class AtLast(Future[Any]):
        def result(self, timeout: float | None = None) -> Any:
            if timeout is not None:
                raise TimeoutError
            return super().result()

    def at_last(work: Any) -> Future[Any]:
        done = AtLast()
        done.set_result(work())
        return done

    monkeypatch.setattr("notarykit.api.time_limit.start", at_last)
    assert notarykit.sign(reference, timeout=60).manifest.digest


@pytest.mark.parametrize(("setting", "media_type"), [("jws", notarykit.JWS), ("cose", notarykit.COSE)])
def test_the_settings_choose_the_format(
    setting: str, media_type: str, home: Home, reference: notarykit.LayoutReference
) -> None:
    """The envelope's format is that of config.json, and an argument's before that."""
    (home.folder / "config.json").write_text(f'{{"signatureFormat":"{setting}"}}')
    assert notarykit.sign(reference).signature.media_type == media_type
    assert (
        notarykit.sign(reference, options=notarykit.SignOptions(media_type=notarykit.JWS)).signature.media_type
        == notarykit.JWS
    )


def test_the_key_is_chosen_by_its_name(home: Home, reference: notarykit.LayoutReference) -> None:
    """A name chooses from the list of signing keys; one that is not on it is an error."""
    other = make_chain("RSA-2048", 2)
    home.add_key(other, "other")
    assert notarykit.sign(reference, "build").signature.content.chain.key_spec.name == "EC-256"
    assert notarykit.sign(reference, "other").signature.content.chain.key_spec.name == "RSA-2048"
    with pytest.raises(SigningKeyError, match="'third' is not on the list"):
        notarykit.sign(reference, "third")


def test_a_signer_of_the_programs_own(home: Home, chain: TestChain, reference: notarykit.LayoutReference) -> None:
    """An object that signs needs no list of signing keys."""
    home.keys_file.unlink()
    signer = notarykit.LocalSigner.from_pem((home.folder / "build.key").read_bytes(), chain.chain_pem)
    notarykit.sign(reference, signer)
    assert isinstance(notarykit.verify(reference, scope=SCOPE).verdict, notarykit.Verified)


def test_an_encrypted_key(
    home: Home, chain: TestChain, reference: notarykit.LayoutReference, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its passphrase comes from a callback or the environment; without either the error names the variable."""
    home.add_key(chain, "locked", b"open sesame")
    with pytest.raises(PassphraseError) as caught:
        notarykit.sign(reference, "locked")
    assert "NOTARYKIT_KEY_PASSPHRASE" in caught.value.advice
    notarykit.sign(reference, notarykit.load_signer("locked", passphrase=lambda: b"open sesame"))
    monkeypatch.setenv("NOTARYKIT_KEY_PASSPHRASE", "open sesame")
    notarykit.sign(reference, "locked")


def test_a_verifier_of_the_programs_own(home: Home, reference: notarykit.LayoutReference) -> None:
    """A part of the user's verifier can be replaced, and a whole one needs none of the user's files."""
    notarykit.sign(reference)
    verifier = notarykit.load_verifier()
    home.set_policy(policy_document((OTHER_IDENTITY,)))
    with pytest.raises(notarykit.VerificationError, match="authenticity"):
        notarykit.verify(reference, scope=SCOPE)
    with pytest.raises(notarykit.VerificationError, match="authenticity"):
        notarykit.verify(reference, scope=SCOPE, verifier=verifier._replace(policies=notarykit.load_policy()))
    home.policy_file.unlink()
    assert isinstance(notarykit.verify(reference, scope=SCOPE, verifier=verifier).verdict, notarykit.Verified)
    with pytest.raises(TrustPolicyError):
        notarykit.verify(reference, scope=SCOPE)


def test_a_verifier_verifies_envelopes_and_several_artifacts(home: Home, reference: notarykit.LayoutReference) -> None:
    """One verifier judges an envelope by itself, an artifact, and several, each under the same statement."""
    made = notarykit.sign(reference)
    verifier = notarykit.load_verifier()
    envelope = made.signature.envelope
    assert isinstance(verifier.envelope(envelope, notarykit.JWS, made.artifact, SCOPE), notarykit.Verified)
    artifact = notarykit.ArtifactRequest(lambda: notarykit.ImageLayout(reference.path), reference.identifier, SCOPE)
    absent = artifact._replace(identifier=notarykit.Tag("absent"))
    found, missing = verifier.artifacts([artifact, absent])
    assert isinstance(found, notarykit.VerifiedArtifact)
    assert isinstance(missing, notarykit.NotarykitError)


@pytest.mark.parametrize("scope", ["", "local", "LOCAL/Tests", "local/hello:v1"])
def test_a_layout_needs_a_scope(scope: str, home: Home, reference: notarykit.LayoutReference) -> None:
    """For an artifact in an image layout the caller chooses the policy statement, by the name of a repository."""
    with pytest.raises(UsageError, match="is not of the form registry/repository"):
        notarykit.verify(reference, scope=scope)


def test_a_registry_has_its_own_scope(home: Home) -> None:
    """For an artifact in a registry the policy statement is the repository's, and nobody chooses another."""
    with pytest.raises(UsageError, match="image layout alone"):
        notarykit.verify("registry.example.com/hello:v1", scope="local/tests")


@pytest.mark.parametrize("text", ["hello", "registry.example.com/hello", "registry.example.com/hello@sha256:12"])
def test_a_malformed_reference(text: str) -> None:
    """What is no reference is an error before anything else is looked at."""
    with pytest.raises(UsageError):
        notarykit.verify(text)
    with pytest.raises(UsageError):
        notarykit.sign(text)


def test_the_functions_have_their_names_to_themselves() -> None:
    """No module of the package takes the place of a public name when it is imported."""
    for name in notarykit.__all__:
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module(f"notarykit.{name}")


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 1e12])
def test_a_limit_that_is_none(seconds: float, home: Home, reference: notarykit.LayoutReference) -> None:
    """What is no number of seconds is an error of usage, before anything is done."""
    with pytest.raises(UsageError, match="is not a number of seconds above 0"):
        notarykit.sign(reference, timeout=seconds)
    with pytest.raises(UsageError, match="is not a number of seconds above 0"):
        notarykit.verify(reference, scope=SCOPE, timeout=seconds)


def test_no_limit(home: Home, reference: notarykit.LayoutReference) -> None:
    """An infinite limit is none."""
    notarykit.sign(reference, timeout=float("inf"))
    assert isinstance(notarykit.verify(reference, scope=SCOPE, timeout=float("inf")).verdict, notarykit.Verified)


def test_an_error_of_another_process(home: Home, reference: notarykit.LayoutReference) -> None:
    """An error that comes from another process, as those of process pools do, is whole."""
    notarykit.sign(reference)
    home.set_policy(policy_document((OTHER_IDENTITY,)))
    with pytest.raises(NoAcceptedSignatureError) as caught:
        notarykit.verify(reference, scope=SCOPE)
    error = caught.value
    for found in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(found) is NoAcceptedSignatureError
        assert str(found) == error.message
        assert (found.policy, found.level, found.advice, found.exit_code) == ("tests", "strict", error.advice, 1)
        assert [each.step for each in found.results] == ["integrity", "authenticity"]
        assert [digest for digest, _ in found.failures] == [digest for digest, _ in error.failures]
