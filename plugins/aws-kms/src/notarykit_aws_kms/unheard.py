"""Keeps the SDK from writing to the log while it works for this plugin.

At DEBUG, botocore logs whole requests and answers: session tokens, and the secret keys that other services of AWS
answer with. With its warnings it logs exceptions that can quote them. What matters of it becomes an error of ours.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGGERS = ("botocore", "urllib3")
_is_unheard: ContextVar[bool] = ContextVar("unheard", default=False)


@contextmanager
def unheard() -> Iterator[None]:
    """Nothing of the SDK that runs inside is logged; what a program does with it elsewhere is."""
    import botocore.session  # type: ignore[import-untyped] # noqa: F401 - brings the loggers

    for name, logger in list(logging.Logger.manager.loggerDict.items()):
        if name.partition(".")[0] in _LOGGERS and isinstance(logger, logging.Logger):
            logger.addFilter(_is_heard)  # it is added once
    token = _is_unheard.set(True)
    try:
        yield
    finally:
        _is_unheard.reset(token)


def _is_heard(record: logging.LogRecord) -> bool:  # noqa: ARG001
    return not _is_unheard.get()
