"""What looking up revocation may cost in seconds, and which other times are allowed for."""

import time
from datetime import timedelta
from typing import NamedTuple

from notarykit.revocation.result import NotForAllError

OCSP_SECONDS, CRL_SECONDS = 2.0, 5.0
# A source that has just failed is not asked again for each of a hundred signatures.
SECONDS_OF_A_FAILURE = 10.0
# What clocks may differ by, so that an answer of just now is not one of the future.
CLOCKS_DIFFER = timedelta(minutes=5)


class Limits(NamedTuple):
    """What sources may cost.

    Attributes:
        ocsp_seconds: How long each OCSP request may take.
        crl_seconds: How long each download of a CRL may take.
        with_nonce: Whether OCSP requests have a nonce, which the answer then has to repeat.
    """

    ocsp_seconds: float = OCSP_SECONDS
    crl_seconds: float = CRL_SECONDS
    with_nonce: bool = False


class Deadline:
    """The end of a whole check."""

    def __init__(self, seconds: float) -> None:
        """Starts the clock."""
        self._end = time.monotonic() + seconds

    def left(self, most: float = float("inf")) -> float:
        """The seconds that are left, but no more than `most`.

        Raises:
            NoAnswerError: None are left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise NotForAllError("no answer in time")
        return min(left, most)
