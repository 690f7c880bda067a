"""Limits of revocation checks: seconds for each request, and tolerated differences between clocks."""

import time
from datetime import timedelta
from typing import NamedTuple

from notarykit.revocation.result import CallerSpecificError

OCSP_SECONDS, CRL_SECONDS = 2.0, 5.0
# A source that has just failed is not tried again for each of a hundred signatures.
SECONDS_OF_A_FAILURE = 10.0
# The tolerated difference between clocks, so that a new response is not one of the future.
CLOCK_SKEW = timedelta(minutes=5)


class Limits(NamedTuple):
    """Limits of the requests of a revocation check.

    Attributes:
        ocsp_seconds: The limit of each OCSP request.
        crl_seconds: The limit of each download of a CRL.
        with_nonce: Whether OCSP requests have a nonce, which the response must then repeat.
    """

    ocsp_seconds: float = OCSP_SECONDS
    crl_seconds: float = CRL_SECONDS
    with_nonce: bool = False


class Deadline:
    """End of a whole check."""

    def __init__(self, seconds: float) -> None:
        """Starts the clock."""
        self._end = time.monotonic() + seconds

    def left(self, most: float = float("inf")) -> float:
        """Returns the seconds that are left, at most `most`.

        Raises:
            CallerSpecificError: None are left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise CallerSpecificError("no answer in time")
        return min(left, most)
