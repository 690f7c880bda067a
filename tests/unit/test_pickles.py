"""Pickles of what is sent to workers and comes back: plain data, small, and without secrets."""

import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import notarykit
from notarykit._internal.pickling import local_pickles
from notarykit.batch.ordered import map_ordered
from notarykit.config.registries import RegistryOptions, registry_settings
from notarykit.errors import (
    NoAcceptedSignatureError,
    RevocationError,
    TrustStoreError,
    UnlistedSignatureError,
    UsageError,
)
from notarykit.keys.chain import check_chain
from notarykit.oci.layout import ImageLayout
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.host import RegistrySettings
from notarykit.oci.registry.registries import Registries
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.limits import Limits
from notarykit.revocation.result import CertificateStatus, Status
from notarykit.signing.artifact import sign_artifact
from notarykit.trust.policy import StoreReference, StoreType
from notarykit.trust.store import DirectoryTrustStore
from notarykit.verification.verifier import Verifier
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home
from tests.support.layouts import make_layout
from tests.unit.batch.works import Process

SCOPE = "local/tests"
CHAIN = make_chain()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Settings with a key and a policy that trusts it."""
    home = complete_home(tmp_path / "home", CHAIN)
    for name, value in home.environment().items():
        monkeypatch.setenv(name, value)
    return home


def _copy(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


def _signer() -> notarykit.LocalSigner:
    return notarykit.LocalSigner(CHAIN.leaf_key, check_chain(CHAIN.ders))


def test_verdict_is_the_same_and_small(home: Home, tmp_path: Path) -> None:
    """Verdicts, with their chains by DER, take little more than their certificates."""
    layout = make_layout(tmp_path / "layout")
    signed = sign_artifact(ImageLayout(layout.path), layout.digest, _signer())
    verified = notarykit.verify(notarykit.LayoutReference(layout.path, layout.digest), scope=SCOPE)
    for outcome in (signed, verified):
        assert _copy(outcome) == outcome
    assert len(pickle.dumps(verified)) < sum(map(len, CHAIN.ders)) + 2500


def test_chains_of_the_same_bytes_are_parsed_once() -> None:
    """Ten thousand verdicts on signatures of one signer share their certificates."""
    chain = check_chain(CHAIN.ders)
    first, second = _copy(chain), _copy(chain)
    assert first == chain
    assert first.certificates[0] is second.certificates[0]


def test_errors_are_the_same() -> None:
    """Class, message, advice, exit code and what the class has beside them."""
    status = CertificateStatus(check_chain(CHAIN.ders).leaf, Status.REVOKED, "revoked yesterday", ("line",))
    revoked = RevocationError("revoked", statuses=(status,), advice="ask").under("tests", "strict")
    errors = (
        revoked,
        NoAcceptedSignatureError("none", failures=(("sha256:1", revoked),)),
        UnlistedSignatureError("not listed", manifest="sha256:2").replace(exit_code=4),
    )
    for error in errors:
        copied = _copy(error)
        assert type(copied) is type(error)
        assert (copied.message, copied.advice, copied.exit_code) == (error.message, error.advice, error.exit_code)
    assert _copy(errors[1]).failures[0][1].statuses == (status,)
    assert _copy(errors[2]).manifest == "sha256:2"


def test_verifier_takes_its_trust_stores_along(home: Home) -> None:
    """They are as they were when it was pickled, and so is the error of one that cannot be read."""
    copied = _copy(notarykit.load_verifier())
    assert isinstance(copied, Verifier)
    reference = StoreReference(StoreType.CA, "tests")
    root = next(home.store().iterdir())
    root.unlink()
    assert copied.store.certificates(reference) == {CHAIN.ders[-1]}
    assert _copy(copied).store.certificates(reference) == {CHAIN.ders[-1]}
    broken = _copy(notarykit.load_verifier())
    root.write_bytes(CHAIN.pems[-1])
    for _ in range(2):
        with pytest.raises(TrustStoreError, match="has no certificates"):
            broken.store.certificates(reference)


def test_store_of_a_program_s_own_need_not_be_picklable(home: Home) -> None:
    """Its certificates are sent, and not the object."""

    class Own(DirectoryTrustStore):
        pass

    verifier = notarykit.load_verifier()
    verifier = verifier._replace(store=Own(str(home.folder / "truststore")))
    assert _copy(verifier).store.certificates(StoreReference(StoreType.CA, "tests")) == {CHAIN.ders[-1]}


def test_settings_for_plugins_stay_on_this_machine(home: Home) -> None:
    """They may hold a token."""
    verifier = notarykit.load_verifier()._replace(plugin_config={"token": "swordfish"})
    with pytest.raises(UsageError, match="settings for plugins are not sent") as raised:
        pickle.dumps(verifier)
    assert "swordfish" not in str(raised.value)
    with local_pickles():
        assert _copy(verifier).plugin_config == {"token": "swordfish"}


def test_registries_are_their_settings(home: Home) -> None:
    """Connections and tokens stay, and the copy looks up credentials where it is."""
    settings = registry_settings(RegistryOptions(plain_http=frozenset({"a.example.com"})))
    with Registries(settings, timeout=7, form="older", force_referrers_tag=True) as registries:
        registries.host("a.example.com")
        copied = _copy(registries)
    assert copied._settings.plain_http == {"a.example.com"}
    assert (copied._timeout, copied._form, copied._force_referrers_tag) == (7, "older", True)
    assert copied._hosts == {}
    auths = '{"auths": {"a.example.com": {"auth": "dXNlcjpzd29yZGZpc2g="}}}'
    (home.folder / "config.json").write_text(auths)
    assert copied._settings.credentials("a.example.com/hello") == Credentials("user", "swordfish")
    assert b"swordfish" not in pickle.dumps(copied)
    _copy(Registries(RegistrySettings()))


def test_credentials_stay_on_this_machine() -> None:
    """Those of a flag go to worker processes, through a pipe, and nowhere else."""
    settings = registry_settings(RegistryOptions("user", "swordfish"))
    with pytest.raises(UsageError, match="credentials for registries are not sent") as raised:
        pickle.dumps(settings)
    assert "swordfish" not in str(raised.value)
    with local_pickles():
        copied = _copy(settings)
    assert copied.credentials("a.example.com/hello") == Credentials("user", "swordfish")


def test_private_key_is_never_pickled() -> None:
    """A key goes to workers by its name."""
    with local_pickles(), pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(_signer())


def test_revocation_checkers_are_their_settings() -> None:
    """Limits and local evidence go along; fetchers with their caches are the process's own."""
    checker = RevocationChecker.online(LocalEvidence((), [("a.der", b"der")]), Limits(1, 2), seconds=3)
    copied = _copy(checker)
    assert (copied._limits, copied._seconds) == (Limits(1, 2), 3)
    assert copied._sources.evidence._responses == [("a.der", b"der")]
    assert copied._sources.fetcher is checker._sources.fetcher  # in one process
    assert _copy(RevocationChecker(None))._sources.fetcher is None
    with pytest.raises(UsageError, match="fetcher of its own"):
        pickle.dumps(RevocationChecker(checker._sources.fetcher))


def test_timestamp_clients_are_their_authorities() -> None:
    """The options of signing go along."""
    authority = notarykit.TimestampAuthority("http://tsa.example.com", CHAIN.pems[-1])
    client = notarykit.TimestampClient([authority], RevocationChecker.online(), seconds=9)
    options = notarykit.SignOptions(expires_in=timedelta(hours=1), timestamper=client)
    copied = _copy(options)
    assert copied.expires_in == timedelta(hours=1)
    assert copied.timestamper._authorities == client._authorities
    assert copied.timestamper._seconds == 9


class _Inline(Executor):
    """Executor that may be anywhere, and works at once."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **options: Any) -> "Future[Any]":
        """Does the work."""
        done: Future[Any] = Future()
        done.set_result(function(*args, **options))
        return done


class _Derived(ProcessPoolExecutor):
    """Executor whose workers are elsewhere, although it is a pool of processes by its class."""

    submit = _Inline.submit


@pytest.mark.parametrize("kind", [_Inline, type("ProcessPoolExecutor", (_Inline,), {}), _Derived])
def test_secrets_stay_on_this_machine_where_it_is_unknown_where_workers_are(kind: type[Executor]) -> None:
    """Only the two kinds of pools whose workers are child processes get secrets, whatever another calls itself."""
    with kind() as executor:
        first, second = map_ordered(Process(), [Credentials("user", "swordfish"), 1], executor=executor)
    assert isinstance(first.error, UsageError)
    assert "credentials for registries are not sent to other machines" in first.error.message
    assert "swordfish" not in first.error.one_line()
    assert second.error is None


def test_secrets_go_to_child_processes() -> None:
    """A pool of the standard library gets them, since its workers are reached through pipes."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("forkserver")) as executor:
        (outcome,) = map_ordered(Process(), [Credentials("user", "swordfish")], executor=executor)
    assert outcome.error is None
