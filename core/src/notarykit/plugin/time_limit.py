"""Deadline of a plugin's call: one for the whole response, retries of the plugin and of its SDK included."""

from __future__ import annotations

from notarykit._internal import deadline as calls
from notarykit._internal.deadline import deadline

__all__ = ["SECONDS_VARIABLE", "SIGNING_SECONDS", "deadline", "seconds_left"]

SIGNING_SECONDS = 300.0
"""Default time for a signature: a user may have to find a token and enter a PIN."""

SECONDS_VARIABLE = "NOTARYKIT_PLUGIN_SECONDS"
"""Environment variable of an executable with the time for its response, in whole seconds."""


def seconds_left() -> float:
    """Returns the seconds that the current call has left, at least 0; five minutes outside any call.

    It is the limit for the SDK's timeouts and retries together.
    """
    return calls.seconds_left(SIGNING_SECONDS)
