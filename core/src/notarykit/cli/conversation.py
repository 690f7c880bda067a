"""What is said over HTTP, line by line on standard error, for `--debug`."""

import contextlib
import sys

from notarykit.cli.output import shown
from notarykit.net.trace import Exchange, Fields, Note, observed


def conversation() -> contextlib.AbstractContextManager[None]:
    """Prints all that is said until the end of the block; requests by `>`, answers by `<`, other things by `*`."""
    return observed(_print)


def _print(event: Exchange | Note) -> None:
    lines = [f"* {event.text}"] if isinstance(event, Note) else _lines(event)
    with contextlib.suppress(OSError, ValueError):  # what nobody can read is no reason to fail
        sys.stderr.write("".join(f"{shown(line)}\n" for line in lines))  # in one piece, since threads print too


def _lines(exchange: Exchange) -> list[str]:
    how = [
        f"try {exchange.attempt}" * (exchange.attempt > 1),
        f"through the proxy {exchange.proxy}" * bool(exchange.proxy),
        "connection kept from before" * exchange.is_reused,
        f"{exchange.sent_bytes} bytes" * bool(exchange.sent_bytes),
    ]
    about = ", ".join(each for each in how if each)
    request = f"> {exchange.method} {exchange.url}{f' ({about})' if about else ''}"
    milliseconds = f"{exchange.seconds * 1000:.0f} ms"
    answer = f"{exchange.status}, {exchange.received_bytes} bytes" if exchange.status else exchange.error
    if exchange.status and exchange.error:
        answer = f"{exchange.status}: {exchange.error}"
    return [request, *_fields(">", exchange.sent), f"< {answer}, {milliseconds}", *_fields("<", exchange.received)]


def _fields(mark: str, fields: Fields) -> list[str]:
    return [f"{mark}   {name}: {value}" for name, value in fields]
