"""How long an answer may take in all: one limit for a call, whatever in it is tried again, here and in an SDK."""

from __future__ import annotations

from notarykit._internal import deadline as calls
from notarykit._internal.deadline import deadline

__all__ = ["SECONDS_VARIABLE", "SIGNING_SECONDS", "deadline", "seconds_left"]

SIGNING_SECONDS = 300.0
"""What signing may take where nobody says otherwise: somebody may have to look for a token and a PIN."""

SECONDS_VARIABLE = "NOTARYKIT_PLUGIN_SECONDS"
"""Tells an executable how long its answer may take, in whole seconds."""


def seconds_left() -> float:
    """How many seconds are left of the present call, at least 0; five minutes outside any call.

    A plugin gives its SDK this as the limit of everything that the SDK tries.
    """
    return calls.seconds_left(SIGNING_SECONDS)
