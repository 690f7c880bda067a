"""Many artifacts on a Dask cluster of real processes: the same verdicts, also when one of two workers is killed."""

import logging
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

import notarykit
from notarykit.batch.dask import dask_executor
from notarykit.batch.ordered import map_ordered
from notarykit.config.registries import RegistryOptions, registry_settings
from notarykit.errors import NetworkError, NoSignatureError, UsageError, WorkerError
from notarykit.oci.registry.host import RegistrySettings
from notarykit.oci.registry.registries import Registries
from tests.servers.dask.cluster import Cluster, started_cluster
from tests.servers.registry.running import Registry
from tests.support.ca import make_chain
from tests.support.homes import complete_home
from tests.support.registries import push_artifacts
from tests.unit.batch import works

COUNT = 300
REPOSITORY = "dask/artifacts"


def _summary(outcome: "notarykit.Outcome[Any, notarykit.VerifiedArtifact]") -> tuple[object, ...]:
    if outcome.error is not None:
        return outcome.item, type(outcome.error), outcome.error.message
    verified = outcome.value()
    return outcome.item, type(verified.verdict), verified.artifact, verified.signature


def test_worker_that_is_killed_in_the_middle_costs_nothing(
    cluster: Cluster, tmp_path: Path, memory_registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each artifact of a registry has one outcome, which is the one that a single process has for it."""
    home = complete_home(tmp_path / "home", make_chain())
    for name, value in home.environment().items():
        monkeypatch.setenv(name, value)
    digests = push_artifacts(memory_registry.address, REPOSITORY, [f"v{number}" for number in range(COUNT)])
    references = [f"{memory_registry.host}/{REPOSITORY}@{digest}" for digest in digests]
    for signed in notarykit.sign_artifacts(references[::2]):
        signed.value()
    expected = list(map(_summary, notarykit.verify_artifacts(references)))
    with dask_executor(cluster.address) as executor:
        summaries = []
        for outcome in notarykit.verify_artifacts(references, executor=executor):
            summaries.append(_summary(outcome))
            if len(summaries) == COUNT // 10:
                cluster.workers[0].kill()
    assert summaries == expected
    assert {summary[1] for summary in summaries} == {notarykit.Verified, NoSignatureError}


def test_logs_of_dask_are_silent_meanwhile(cluster: Cluster) -> None:
    """What a lost worker makes the client log is no output of a command; afterwards its loggers are as before."""
    logger = logging.getLogger("distributed.client")
    level = logger.level
    with dask_executor(cluster.address):
        assert not logger.isEnabledFor(logging.CRITICAL)
    assert logger.level == level


def test_items_that_are_alike_are_each_done(cluster: Cluster) -> None:
    """An executor that a program makes without a word about purity gives no two items one outcome."""
    with Client(cluster.address, set_as_default=False) as client:  # type: ignore[no-untyped-call]
        outcomes = list(map_ordered(works.Random(), [1] * 20, executor=client.get_executor()))
    assert len({outcome.value() for outcome in outcomes}) == 20


def test_scheduler_that_is_killed_is_an_error(cluster: Cluster) -> None:
    """Nothing waits for ever for tasks that are lost."""
    with dask_executor(cluster.address, seconds=5) as executor:
        outcomes = map_ordered(works.Square(), iter(int, 1), executor=executor)
        next(outcomes)
        cluster.scheduler.kill()
        with pytest.raises(WorkerError, match="connection to the Dask scheduler is lost"):
            list(outcomes)


def test_credentials_of_a_program_are_not_sent(cluster: Cluster) -> None:
    """Workers use the settings of their own machines."""
    registries = Registries(registry_settings(RegistryOptions("user", "swordfish")))
    verifier = notarykit.Verifier(notarykit.TrustPolicyDocument(()), notarykit.MemoryTrustStore({}))
    with dask_executor(cluster.address) as executor:
        with pytest.raises(UsageError, match="credentials for registries are not sent to other machines"):
            notarykit.verify_artifacts([], verifier=verifier, registries=registries, executor=executor)
        anonymous = Registries(RegistrySettings())
        assert list(notarykit.verify_artifacts([], verifier=verifier, registries=anonymous, executor=executor)) == []


def test_worker_of_another_version_is_an_error(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pickles may be understood differently."""
    monkeypatch.setattr("notarykit.batch.dask.__version__", "99")
    with pytest.raises(UsageError, match="Dask worker tcp://") as raised, dask_executor(cluster.address):
        pass
    assert raised.value.advice == "install notarykit 99 there"


def test_missing_extra_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The advice says how to install it."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="not installed") as raised, dask_executor("tcp://127.0.0.1:1"):
        pass
    assert "notarykit[dask]" in raised.value.advice


def test_cluster_without_workers_is_an_error(tmp_path: Path) -> None:
    """It would never do anything."""
    with (
        started_cluster(tmp_path, 0) as empty,
        pytest.raises(NetworkError, match="has no workers"),
        dask_executor(empty.address, seconds=0.5),
    ):
        pass


def test_scheduler_that_does_not_answer_is_an_error() -> None:
    """Neither a closed port nor a server that says nothing is waited for beyond the limit."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NetworkError, match="does not answer"), dask_executor(address, seconds=0.5):
            pass
    with pytest.raises(NetworkError, match="does not answer"), dask_executor(address, seconds=0.5):
        pass


@pytest.mark.parametrize("address", ["ftp://127.0.0.1:1", "127.0.0.1:port"])
def test_malformed_address_is_an_error(address: str) -> None:
    """It is the user's mistake, and no network's."""
    with pytest.raises(UsageError, match="is not the address of a Dask scheduler"), dask_executor(address):
        pass
