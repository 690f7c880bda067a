"""Executor of a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib import import_module
from typing import cast

from notarykit.errors import NetworkError, UsageError

_SECONDS = 30


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Yields an executor whose tasks are done by the workers of a Dask scheduler; the connection ends with the context.

    Args:
        address: Address of the scheduler, such as `tcp://scheduler:8786`.

    Raises:
        UsageError: The package `distributed` is not installed.
        NetworkError: The scheduler cannot be reached.
    """
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise UsageError("the package distributed is not installed", advice="install notarykit[dask]") from None
    try:
        client = distributed.Client(address, timeout=_SECONDS)
    except (OSError, ValueError) as error:
        raise NetworkError(f"Dask scheduler {address!r} cannot be reached: {error}") from None
    with client:
        yield cast("Executor", client.get_executor())
