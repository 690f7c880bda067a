"""Standard error: warnings, errors, and under `--debug` tracebacks, HTTP traffic and plugin calls."""

import contextlib
import sys
import warnings
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any

from notarykit._internal.printable import printable
from notarykit.errors import ConfigurationError, ConfigurationWarning, NotarykitError, NotarykitWarning, PluginError

if TYPE_CHECKING:
    from notarykit.net.trace import Exchange, Fields, Note

_subject = ""
_MOST_SEEN = 10_000


@contextlib.contextmanager
def warnings_about(item: str) -> Iterator[None]:
    """Names an item of a command, such as an artifact, in the warnings that are issued while the context is active."""
    global _subject  # noqa: PLW0603 - a command works on one item after the other
    _subject = item
    try:
        yield
    finally:
        _subject = ""


def show_warnings() -> None:
    """Prints warnings of notarykit's own classes only; those of the configuration once per command."""
    seen: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        is_of_subject = _subject and not isinstance(message, ConfigurationWarning)
        text = printable(f"{_subject}: {message}" if is_of_subject else str(message))
        if text not in seen:
            if len(seen) > _MOST_SEEN:
                seen.clear()
            seen.add(text)
            print(f"Warning: {text}", file=sys.stderr)

    warnings.showwarning = show
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", NotarykitWarning)


def trace() -> contextlib.AbstractContextManager[None]:
    """Prints HTTP traffic and plugin calls as they happen: requests behind `>`, responses `<`, notes `*`."""
    from notarykit.net.trace import Note, observed
    from notarykit.plugin.hooks.call_trace import PluginCall

    def show(event: "Exchange | Note | PluginCall") -> None:
        if isinstance(event, PluginCall):
            response = f"{event.error or 'ok'}, {_milliseconds(event.seconds)}"
            lines = [f"> plugin {event.plugin}: {event.command}", f"< {response}"]
        else:
            lines = [f"* {event.text}"] if isinstance(event, Note) else _exchange_lines(event)
        with contextlib.suppress(OSError, ValueError):  # a closed standard error does not end the command
            sys.stderr.write("".join(f"{printable(line)}\n" for line in lines))  # one write, since threads print too

    return observed(show)


def _exchange_lines(exchange: "Exchange") -> list[str]:
    details = [
        f"try {exchange.attempt}" * (exchange.attempt > 1),
        f"through the proxy {exchange.proxy}" * bool(exchange.proxy),
        "connection kept from before" * exchange.is_reused,
        f"{exchange.sent_bytes} bytes" * bool(exchange.sent_bytes),
    ]
    suffix = ", ".join(filter(None, details))
    request = f"> {exchange.method} {exchange.url}{f' ({suffix})' if suffix else ''}"
    response = f"{exchange.status}, {exchange.received_bytes} bytes" if exchange.status else exchange.error
    if exchange.status and exchange.error:
        response = f"{exchange.status}: {exchange.error}"
    return [
        request,
        *_field_lines(">", exchange.sent),
        f"< {response}, {_milliseconds(exchange.seconds)}",
        *_field_lines("<", exchange.received),
    ]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _field_lines(mark: str, fields: "Fields") -> list[str]:
    return [f"{mark}   {name}: {value}" for name, value in fields]


def traceback_of(error: BaseException) -> list[str]:
    """Returns the lines of an error's traceback and of its causes.

    Errors that a plugin, its SDK or an observer raised appear by class only: their texts may hold secrets.
    """
    import traceback

    chain = _with_causes(error)
    lines: list[str] = []
    for position in range(len(chain) - 1, -1, -1):
        link = chain[position]
        is_foreign = any(isinstance(above, PluginError | ConfigurationError) for above in chain[:position])
        last = (
            [f"{type(link).__module__}.{type(link).__qualname__}: (its text is not shown)"]
            if is_foreign and not isinstance(link, NotarykitError)
            else "".join(traceback.format_exception_only(link)).splitlines()
        )
        frames = "".join(traceback.format_tb(link.__traceback__)).splitlines()
        lines += ["Traceback (most recent call last):", *frames, *last, ""]
    return lines[:-1]


def kind_of(error: BaseException) -> Hashable:
    """Returns what the tracebacks of errors have in common that were raised at one place for one cause.

    An error that is raised again has the same lines, more often.
    """
    from traceback import walk_tb

    return tuple(
        (type(link), frozenset((frame.f_code, line) for frame, line in walk_tb(link.__traceback__)))
        for link in _with_causes(error)
    )


def _with_causes(error: BaseException) -> list[BaseException]:
    """Returns an error and its causes, the last of which came first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and not any(cause is known for known in chain):
        chain.append(cause)
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return chain


def print_error(error: BaseException, line: str, *, debug: bool) -> None:
    """Prints the line of an error behind all standard output; under `--debug` its traceback comes first."""
    sys.stdout.flush()
    for frame in traceback_of(error) if debug else ():
        print(printable(frame), file=sys.stderr)
    print(f"Error: {printable(line)}", file=sys.stderr)
