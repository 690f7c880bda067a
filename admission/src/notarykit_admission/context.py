"""Context of the request that is answered now: whom it comes from, and the trace that it belongs to.

A request says itself for which namespace it asks, and each client of the port can name any. So what one caller asks for
in the name of a namespace takes no turns from another caller's requests.
"""

from contextvars import ContextVar

address_of_caller: ContextVar[str] = ContextVar("address_of_caller", default="")
"""Address of the client, or an empty string."""
trace_of_request: ContextVar[str] = ContextVar("trace_of_request", default="")
"""Identifier of the trace, by which lines of the log are found among those of other programs; or an empty string."""
