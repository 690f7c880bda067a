"""Fixtures of services with the API of AWS KMS, each started once, and of credentials for them."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.go_peer import Peer, build
from tests.servers.aws import localstack as other
from tests.servers.aws.service import ACCESS_KEY, SECRET_KEY, Service
from tests.servers.registry.conftest import fault_proxy, forward_proxy, registry_ca, stack
from tests.servers.registry.running import started

__all__ = ["fault_proxy", "forward_proxy", "registry_ca", "stack"]

_MOTO = Path(__file__).with_name("moto_server.py")


def _clear(patch: pytest.MonkeyPatch) -> None:
    """Removes all settings of the SDK from the environment."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        patch.delenv(name)
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        patch.setenv(name, os.devnull)


@pytest.fixture(autouse=True)
def aws_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets an access key and its secret, and no other variable of AWS."""
    _clear(monkeypatch)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path_factory.mktemp("aws") / "config"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yields moto's service, corrected."""
    with contextlib.ExitStack() as opened:
        with pytest.MonkeyPatch.context() as patch:
            _clear(patch)
            port, _ = opened.enter_context(started([sys.executable, str(_MOTO)], {}, "Running on http://"))
            service = Service(f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("moto"))
        yield service


@pytest.fixture(scope="session")
def localstack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Yields LocalStack's service, unmodified."""
    python = other.build()  # in the environment as it is: the way to the package index may need a proxy
    with contextlib.ExitStack() as opened:
        with pytest.MonkeyPatch.context() as patch:
            _clear(patch)
            service = Service(opened.enter_context(other.running(python)), tmp_path_factory.mktemp("localstack"))
        yield service


@pytest.fixture
def peer(aws_environment: None) -> Iterator[Peer]:
    """Yields notation-go, which passes the environment of the test on to plugins."""
    with Peer(build()) as running:
        yield running


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the SDK retry without a pause."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
