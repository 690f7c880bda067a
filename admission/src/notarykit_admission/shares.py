"""Shares: of what there is only so much at a time, each holder gets a part, so that some is left to the others."""

from collections import Counter
from collections.abc import Hashable
from typing import Generic, TypeVar

_Holder = TypeVar("_Holder", bound=Hashable)


class Shares(Generic[_Holder]):
    """Amounts in use, by their holders.

    Args:
        most: Amount that all may have at a time.
        most_of_one: Amount that one holder may have.

    Attributes:
        in_use: Amount that all have now.
    """

    def __init__(self, most: float, most_of_one: int) -> None:
        self._most = most
        self._most_of_one = most_of_one
        self._of_holders = Counter[_Holder]()
        self.in_use = 0

    def take(self, holder: _Holder, amount: int = 1) -> bool:
        """Takes an amount for a holder, or nothing and returns False if there is no more for it."""
        if self.in_use + amount > self._most or self._of_holders[holder] + amount > self._most_of_one:
            return False
        self._of_holders[holder] += amount
        self.in_use += amount
        return True

    def give_back(self, holder: _Holder, amount: int = 1) -> None:
        """Gives back what a holder has taken."""
        self.in_use -= amount
        self._of_holders[holder] -= amount
        if not self._of_holders[holder]:
            del self._of_holders[holder]
