"""Retries of plugin commands, within one time limit; a person is never prompted twice."""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from notarykit.errors import NotarykitError, PluginError, PluginThrottledError, PluginTimeoutError
from notarykit.plugin.protocol.fields import Command
from notarykit.plugin.time_limit import deadline, seconds_left

SHOWS_WHERE = "'notarykit sign', 'verify' and 'certificate' show where with --debug"

Answer = TypeVar("Answer")

ATTEMPTS = 5
_FIRST_PAUSE = 0.5
# A TIMEOUT of a command that signs may mean that nobody touched the key. Tokens wait 10 seconds and longer for that.
_SOONER_THAN_A_PERSON = 5.0
_USES_KEY = (Command.GENERATE_SIGNATURE, Command.GENERATE_ENVELOPE)


def ask(command: Command, call: Callable[[], Answer], seconds: float) -> Answer:
    """Calls a plugin, and again after THROTTLED and TIMEOUT, with exponential backoff.

    Args:
        command: The command of the call.
        call: Calls the plugin.
        seconds: How long all attempts together may take, pauses included.

    Raises:
        NotarykitError: What the last attempt raised. What a plugin raises by accident becomes a PluginError without its
            text, which may hold what the plugin's SDK saw.
    """
    with deadline(seconds):
        for attempt in range(ATTEMPTS):
            start = time.monotonic()
            try:
                return call()
            except (PluginThrottledError, PluginTimeoutError) as error:
                pause = _FIRST_PAUSE * 2**attempt * random.uniform(0.75, 1.25)  # noqa: S311 - spreads requests
                if attempt == ATTEMPTS - 1 or pause >= seconds_left() or not _may_repeat(command, error, start):
                    raise
                time.sleep(pause)
            except NotarykitError:
                raise
            except (Exception, SystemExit) as error:  # an SDK that ends the process would end it with success
                raise PluginError(
                    f"{command}: the plugin failed with {type(error).__name__}", advice=SHOWS_WHERE
                ) from error
    raise AssertionError


def _may_repeat(command: Command, error: PluginError, start: float) -> bool:
    if error.metadata.get("retry") == "no":
        return False
    if command in _USES_KEY and isinstance(error, PluginTimeoutError):
        return time.monotonic() - start < _SOONER_THAN_A_PERSON
    return True
