"""Suppression of an SDK's log while it works for a plugin.

SDKs log whole requests and responses at DEBUG, with tokens and keys in them, and exceptions that quote them as
warnings, which go to standard error where logging is not configured. What matters of it becomes an error of the plugin.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_is_suppressed: ContextVar[bool] = ContextVar("is_suppressed", default=False)


@contextmanager
def suppress_logs(*packages: str) -> Iterator[None]:
    """Drops the given packages' log records while the context is active, in this thread and context alone.

    Args:
        packages: Names of top-level packages. Import them before: only loggers that exist are filtered.
    """
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if name.partition(".")[0] in packages and isinstance(logger, logging.Logger):
            logger.addFilter(_passes)  # added once, however often
    token = _is_suppressed.set(True)
    try:
        yield
    finally:
        _is_suppressed.reset(token)


def _passes(record: logging.LogRecord) -> bool:  # noqa: ARG001
    return not _is_suppressed.get()
