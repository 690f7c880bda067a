"""Many artifacts in one call: in threads, and in worker processes."""

import os
import pickle
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import notarykit
from notarykit.batch.executors import WorkerPool
from notarykit.errors import ArtifactNotFoundError, NoSignatureError, SigningKeyError, UsageError
from notarykit.keys.chain import check_chain
from tests.support.ca import make_chain
from tests.support.homes import SCOPE, Home, complete_home
from tests.support.layouts import add_artifact, make_layout

CHAIN = make_chain()
COUNT = 30


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The user's settings: a key, whose chain is trusted."""
    home = complete_home(tmp_path / "home", CHAIN)
    for name, value in home.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NOTARYKIT_KEY_PASSPHRASE", raising=False)
    return home


@pytest.fixture
def references(tmp_path: Path) -> list[notarykit.LayoutReference]:
    """Artifacts in an image layout."""
    layout = make_layout(tmp_path / "hello")
    tags = ["v1", *(f"v{number}" for number in range(2, COUNT + 1))]
    for tag in tags[1:]:
        add_artifact(layout.path, tag)
    return [notarykit.parse_layout_reference(f"{layout.path}:{tag}") for tag in tags]


@pytest.fixture(params=["threads", "processes"])
def executor(request: pytest.FixtureRequest, home: Home) -> Iterator[WorkerPool | None]:
    """Executor of each kind, made when the settings are there."""
    if request.param == "threads":
        yield None
        return
    with notarykit.process_pool(2) as pool:
        yield pool


def test_many_are_signed_and_verified(references: list[notarykit.LayoutReference], executor: WorkerPool | None) -> None:
    """Each has its own outcome, in order, and one bad reference stops nothing."""
    options = notarykit.SignOptions(media_type=notarykit.COSE, user_metadata={"build": "42"})
    signed = list(notarykit.sign_artifacts(references[1:], "", options, executor=executor))
    assert [outcome.item for outcome in signed] == references[1:]
    assert {outcome.value().signature.media_type for outcome in signed} == {notarykit.COSE}
    absent = references[0]._replace(identifier=notarykit.Tag("absent"))
    verified = list(
        notarykit.verify_artifacts(
            iter([*references, absent]), scope=SCOPE, user_metadata={"build": "42"}, executor=executor
        )
    )
    assert [type(outcome.error) for outcome in verified] == [
        NoSignatureError, *[type(None)] * (COUNT - 1), ArtifactNotFoundError,
    ]  # fmt: skip
    for made, outcome in zip(signed, verified[1:], strict=False):
        signature = outcome.value().signature
        assert signature is not None
        assert signature.digest == made.value().manifest.digest


def test_malformed_reference_is_an_outcome(home: Home, executor: WorkerPool | None) -> None:
    """It has its place among the others, and so has an object that is no reference."""
    items: list[Any] = ["hello", 7]
    for outcomes in (
        notarykit.verify_artifacts(items, executor=executor),
        notarykit.sign_artifacts(items, executor=executor),
    ):
        malformed, other = outcomes
        assert isinstance(malformed.error, UsageError)
        assert isinstance(other.error, UsageError)
        assert other.error.message == "an object of type int is no reference"


def test_one_reference_is_not_several(home: Home) -> None:
    """A text is not taken for the references that its characters are, nor a parsed one for its parts."""
    for one in ("registry.test/a:v1", notarykit.parse_reference("registry.test/a:v1")):
        for work in (notarykit.verify_artifacts, notarykit.sign_artifacts):
            with pytest.raises(UsageError, match="is one reference, and not several") as raised:
                work(one)
            assert raised.value.message.startswith("'registry.test/a:v1' ")


def test_settings_are_those_of_the_moment(
    home: Home, references: list[notarykit.LayoutReference], executor: WorkerPool | None
) -> None:
    """Keys are loaded in the process that signs; a key that is not there is the error of each artifact."""
    outcomes = list(notarykit.sign_artifacts(references[:3], "absent", executor=executor))
    assert [type(outcome.error) for outcome in outcomes] == [SigningKeyError] * 3


def test_key_of_this_process_is_not_sent_to_others(home: Home, references: list[notarykit.LayoutReference]) -> None:
    """It signs in threads, and for processes the error says to name it."""
    signer = notarykit.LocalSigner(CHAIN.leaf_key, check_chain(CHAIN.ders))
    assert [bool(outcome.result) for outcome in notarykit.sign_artifacts(references[:2], signer)] == [True, True]
    with notarykit.process_pool(1) as pool, pytest.raises(UsageError, match="cannot be sent to workers") as raised:
        notarykit.sign_artifacts(references, signer, executor=pool)
    assert "a signing key by its name" in raised.value.advice


class DiesOnce(notarykit.ImageLayout):
    """Layout that kills the process that has stored a signature in it, once."""

    def begin_push(self, *arguments: object) -> notarykit.Descriptor:  # type: ignore[override]
        """Stores a signature."""
        pushed = super().begin_push(*arguments)  # type: ignore[arg-type]
        marker = Path(self.path, "died")
        if not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return pushed  # type: ignore[return-value]


class DeadlyRegistries(notarykit.Registries):
    """Registries with such layouts."""

    def __reduce__(self) -> tuple[object, ...]:
        return DeadlyRegistries, ()

    def open(self, reference: object) -> notarykit.Repository:
        """Opens one."""
        assert isinstance(reference, notarykit.LayoutReference)
        return DiesOnce(reference.path)


def test_signature_of_a_worker_that_died_counts(home: Home, references: list[notarykit.LayoutReference]) -> None:
    """The worker dies behind the signature that it has stored: it is found, and no second one is stored."""
    with notarykit.process_pool(2) as pool:
        outcomes = list(notarykit.sign_artifacts(references, registries=DeadlyRegistries(), executor=pool))
    layout = notarykit.ImageLayout(references[0].path)
    for outcome in outcomes:
        signed = outcome.value()
        assert [entry.digest for entry in layout.signatures(signed.artifact)] == [signed.manifest.digest]
    assert Path(layout.path, "died").exists()


def test_requests_with_repositories_of_a_program_s_own_can_be_sent(
    home: Home, references: list[notarykit.LayoutReference]
) -> None:
    """The verifier's own method takes an executor, too."""
    list(notarykit.sign_artifacts(references[:3]))
    registries = notarykit.Registries()
    requests = [
        notarykit.ArtifactRequest(_Opened(registries, reference), reference.identifier, SCOPE)
        for reference in references[:3]
    ]
    with notarykit.process_pool(1) as pool:
        results = notarykit.load_verifier().artifacts(requests, executor=pool)
    assert [type(result) for result in results] == [notarykit.VerifiedArtifact] * 3
    assert pickle.loads(pickle.dumps(results)) == results


class _Opened:
    def __init__(self, registries: notarykit.Registries, reference: notarykit.LayoutReference) -> None:
        self._open = registries.open
        self._reference = reference

    def __call__(self) -> notarykit.Repository:
        return self._open(self._reference)
