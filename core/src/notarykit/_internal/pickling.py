"""Pickles that hold secrets: allowed for worker processes of this machine, refused for other machines."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from notarykit.errors import UsageError

_is_local: ContextVar[bool] = ContextVar("is_local", default=False)


@contextmanager
def local_pickles() -> Iterator[None]:
    """Allows secrets in pickles while the context is active, since they go through a pipe to a child process."""
    token = _is_local.set(True)
    try:
        yield
    finally:
        _is_local.reset(token)


def check_local(secret: str) -> None:
    """Refuses to pickle a secret that may leave this machine.

    Args:
        secret: Name of the kind of secret, in the plural.

    Raises:
        UsageError: `local_pickles` is not active.
    """
    if not _is_local.get():
        raise UsageError(
            f"{secret} are not sent to other machines", advice="store them in the settings of the workers' own machines"
        )
