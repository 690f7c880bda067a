"""Chain, distribution point and deadline of revocation checks, good throughout."""

import functools
from typing import Final

from cryptography import x509

from notarykit.revocation.distribution_points import ALL_REASONS, DistributionPoint
from notarykit.revocation.limits import Deadline
from tests.support.ca import TestChain, make_chain

CHAIN: Final = make_chain()
URL: Final = "http://crl.example/leaf"
POINT: Final = DistributionPoint(
    (URL,), frozenset([x509.UniformResourceIdentifier(URL)]), ALL_REASONS, is_indirect=False
)
KEY_COMPROMISE: Final = x509.ReasonFlags.key_compromise
HOLD: Final = x509.ReasonFlags.certificate_hold
REMOVED: Final = x509.ReasonFlags.remove_from_crl


def soon(seconds: float = 10.0) -> Deadline:
    """A deadline that no good case comes near."""
    return Deadline(seconds)


@functools.cache
def rsa_chain() -> TestChain:
    """A chain whose CAs have RSA keys."""
    return make_chain(ca_kind="RSA-2048")
