"""The program's log in JSON: one line for each event, none with control characters.

Of an exception that nobody foresaw, the log has its kind and where it was raised; its text may be anything.
"""

import logging
import traceback
import warnings
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType

import msgspec

from notarykit.errors import NotarykitWarning
from notarykit_admission.message import one_line

Write = Callable[[bytes], None]
_FRAMES = 8


class Line(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Line of the log.

    Attributes:
        time: Time in UTC (RFC 3339), to the millisecond.
        level: `info`, `warning`, `error` or another level of Python's logging.
        event: `verdict`, or `log` for everything else.
    """

    time: str
    level: str
    event: str


class _LogLine(Line, frozen=True, omit_defaults=True, kw_only=True):
    message: str
    logger: str
    error: str = ""
    where: tuple[str, ...] = ()


_encoder = msgspec.json.Encoder()


def encode(line: Line) -> bytes:
    """Returns a line as one line of JSON, without its end."""
    return _encoder.encode(line)


def rfc3339(seconds: float) -> str:
    """Returns a time as the log has it.

    Args:
        seconds: Seconds since 1970.
    """
    return f"{datetime.fromtimestamp(seconds, UTC).isoformat(timespec='milliseconds')[:-6]}Z"


class JSONHandler(logging.Handler):
    """Writes what is logged as JSON.

    Args:
        write: Function that writes a line.
    """

    def __init__(self, write: Write) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a line; never raises."""
        kind, _, trace = record.exc_info or (None, None, None)
        line = _LogLine(
            time=rfc3339(record.created),
            level=record.levelname.lower(),
            event="log",
            message=one_line(_text(record)),
            logger=record.name,
            error=kind.__name__ if kind else "",
            where=_where(trace),
        )
        self._write(encode(line))


def _text(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - a mistaken call is no reason to lose the line
        return str(record.msg)


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """Returns the text of a warning: notarykit's are for the operator, for whom no line of code counts."""
    del line
    if issubclass(category, NotarykitWarning):
        return str(message)
    return f"{category.__name__}: {message} ({filename.rpartition('/')[2]}:{lineno})"


def _where(trace: TracebackType | None) -> tuple[str, ...]:
    """Returns the places through which an exception came, the innermost last."""
    frames = traceback.extract_tb(trace)[-_FRAMES:] if trace else ()
    return tuple(f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames)


def configure_logging(write: Write) -> None:
    """Has everything that is logged, and all warnings, written as JSON."""
    logging.captureWarnings(capture=True)
    warnings.formatwarning = _warning
    root = logging.getLogger()
    root.handlers[:] = [JSONHandler(write)]
    root.setLevel(logging.INFO)


def lost_line(count: int) -> bytes:
    """Returns the line about so many lines that were lost."""
    message = f"{count} lines of the log were lost, because it was not read"
    now = rfc3339(datetime.now(UTC).timestamp())
    return encode(_LogLine(time=now, level="error", event="log", message=message, logger=__name__))
