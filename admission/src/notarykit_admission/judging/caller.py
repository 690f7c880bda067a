"""Caller: whose request is answered now.

A request says itself for which namespace it asks, and whoever reaches the port can say any: what one caller asks for in
the name of a namespace takes no turns from another caller's requests for it.
"""

from contextvars import ContextVar

address_of_caller: ContextVar[str] = ContextVar("address_of_caller", default="")
"""Address of the client whose request is answered now, or an empty string."""
