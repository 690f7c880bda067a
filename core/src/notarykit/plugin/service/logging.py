"""Keeps an SDK from writing to the log while it works for a plugin.

SDKs log whole requests and answers at DEBUG, with tokens and keys in them, and exceptions that quote them with their
warnings; without a set-up, warnings go to standard error. What matters of it becomes an error of the plugin's.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_is_unheard: ContextVar[bool] = ContextVar("unheard", default=False)


@contextmanager
def unheard(*packages: str) -> Iterator[None]:
    """Nothing that the packages log inside is heard; what a program does with them elsewhere is.

    Args:
        packages: The packages, which have been imported: their loggers are there.
    """
    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if name.partition(".")[0] in packages and isinstance(logger, logging.Logger):
            logger.addFilter(_is_heard)  # it is added once
    token = _is_unheard.set(True)
    try:
        yield
    finally:
        _is_unheard.reset(token)


def _is_heard(record: logging.LogRecord) -> bool:  # noqa: ARG001
    return not _is_unheard.get()
