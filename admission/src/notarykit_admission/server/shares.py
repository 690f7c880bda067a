"""Shares: of what there is only so much at a time, one client gets a part, so that it leaves some to the others."""

import math
from collections import Counter

from aiohttp import web


class Shares:
    """Amounts in use, by the address of the client that has them.

    Args:
        most: Amount that all may have at a time.
        share: Part of it that one client may have, up to 1.
    """

    def __init__(self, most: int, share: float) -> None:
        self._most = most
        self._most_of_one = math.ceil(most * share)
        self._of_clients = Counter[str]()
        self.in_use = 0

    def take(self, client: str, amount: int = 1) -> bool:
        """Takes an amount for a client, or nothing and returns False if there is no more for it."""
        if self.in_use + amount > self._most or self._of_clients[client] + amount > self._most_of_one:
            return False
        self._of_clients[client] += amount
        self.in_use += amount
        return True

    def give_back(self, client: str, amount: int = 1) -> None:
        """Gives back what a client has taken."""
        self.in_use -= amount
        self._of_clients[client] -= amount
        if not self._of_clients[client]:
            del self._of_clients[client]


def client_of(request: web.BaseRequest) -> str:
    """Returns the address of a request's client, or an empty string if it has gone."""
    return request.remote or ""
