"""Dask cluster as an executor (the extra `notarykit[dask]`).

Whoever reaches a scheduler can run code on its workers: Dask's own settings protect it (`tls://` addresses, with
certificates under `distributed.comm.tls`), and none of that is decided here.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from notarykit._internal.threads import start
from notarykit._internal.version import __version__
from notarykit.errors import NetworkError, UsageError

if TYPE_CHECKING:
    from distributed import Client

SECONDS = 10.0
_GRACE_SECONDS = 1.0
_CHECK = "give the address that the scheduler prints when it starts, such as tcp://127.0.0.1:8786"


@contextmanager
def dask_executor(address: str, seconds: float = SECONDS) -> Iterator[Executor]:
    """Connects to a cluster, and returns its executor; the connection is closed at the end of the context.

    Args:
        address: Address of the scheduler, such as `tls://scheduler:8786`.
        seconds: Time limit for the connection, and for a first worker to be there.

    Raises:
        UsageError: The extra is not installed, the address is malformed, or a worker has another notarykit or none.
        NetworkError: The scheduler does not answer in time, or has no workers.
    """
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise UsageError("Dask is not installed", advice="install it with: pip install 'notarykit[dask]'") from None
    with _quiet(), _connected(address, seconds) as client:
        _check_workers(client, address, seconds)
        yield client.get_executor(pure=False)


def _connected(address: str, seconds: float) -> "Client":
    from distributed import Client
    from distributed.comm.addressing import get_address_host_port
    from distributed.comm.registry import get_backend

    clients: list[Client] = []

    class KnownClient(Client):
        def __init__(self) -> None:
            clients.append(self)
            super().__init__(address, timeout=seconds, set_as_default=False)  # type: ignore[no-untyped-call]

    try:
        get_backend(address.partition("://")[0] if "://" in address else "tcp")
        get_address_host_port(address)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{address!r} is not the address of a Dask scheduler: {error}", advice=_CHECK) from None
    try:
        # In a thread: a server that accepts a connection and says nothing is waited for without limit.
        return start(KnownClient).result(seconds + _GRACE_SECONDS)
    except OSError as error:
        for client in clients:
            client.status = "closed"  # it is nothing that its finalizer could close
        reason = f": {error}" if str(error) else ""
        raise NetworkError(f"the Dask scheduler {address} does not answer{reason}", advice=_CHECK) from None


def _check_workers(client: "Client", address: str, seconds: float) -> None:
    try:
        client.wait_for_workers(1, timeout=seconds)
        versions = client.run(_version, on_error="return")
    except OSError as error:  # TimeoutError is one
        raise NetworkError(f"the Dask scheduler {address} has no workers: {error}", advice="start some") from None
    for worker, version in versions.items():
        if version != __version__:
            problem = f"cannot load notarykit: {version}" if isinstance(version, Exception) else f"has {version}"
            raise UsageError(f"Dask worker {worker} {problem}", advice=f"install notarykit {__version__} there")


def _version() -> str:
    return __version__


@contextmanager
def _quiet() -> Iterator[None]:
    """Drops the log records of Dask and its HTTP library: what they report becomes an error here."""
    # Dask gives some of its loggers levels of their own.
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] == "distributed"]
    loggers = [logging.getLogger(name) for name in ("tornado.application", *names)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
