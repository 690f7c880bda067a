"""Ends of verdicts: the time from which a signature that is accepted will be refused, with nothing changed.

The steps that the clock can change are run again with the clock moved to the end of each validity, so that they decide
here as they will then. Revocation and plugins are left as they are: what they say later is not known.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from notarykit.errors import NotarykitError
from notarykit.keys.chain import Chain
from notarykit.revocation.result import NO_SIGNING_TIMES, CertificateStatus, SigningTimes
from notarykit.trust.policy import Action
from notarykit.verification import steps
from notarykit.verification.context import VerificationContext
from notarykit.verification.verdict import Step

_BY_THE_CLOCK = ((Step.EXPIRY, steps.expiry), (Step.AUTHENTIC_TIMESTAMP, steps.authentic_timestamp))
_LATEST = datetime.max.replace(tzinfo=UTC)
# A certificate is valid to the end of its last second (RFC 5280, 4.1.2.5); a signature's expiry is its first moment.
_MOMENT = timedelta(microseconds=1)


class Ending(NamedTuple):
    """End of a verdict.

    Attributes:
        time: Last second of a certificate, or the expiry.
        is_expiry: True for the signature's own expiry, False for a certificate's end.
    """

    time: datetime
    is_expiry: bool


def ending(context: VerificationContext) -> Ending | None:
    """Returns the end of the acceptance of a signature, or None where no step will refuse it as time goes by.

    Args:
        context: State of its verification, which has ended in acceptance.
    """
    ends = {certificate.not_valid_after_utc: False for certificate in context.intact.chain.certificates}
    if (expiry := context.intact.attributes.expiry) is not None:
        ends[expiry] = True
    coming = [Ending(*end) for end in sorted(ends.items()) if end[0] >= context.now]
    if not coming or _holds_after(context, coming[-1]):  # what was refused once stays refused
        return None
    return next(end for end in coming if not _holds_after(context, end))


class _NothingRevoked:
    """Revocation check that finds no certificate revoked."""

    def check(
        self, chain: Chain, now: datetime, signing_times: SigningTimes = NO_SIGNING_TIMES
    ) -> tuple[CertificateStatus, ...]:
        """Returns no statuses."""
        del chain, now, signing_times
        return ()


def _holds_after(context: VerificationContext, end: Ending) -> bool:
    now = end.time + _MOMENT if end.time < _LATEST else _LATEST
    options = context.options._replace(now=now, revocation=_NothingRevoked())
    later = VerificationContext(options, context.policy, context.request)
    later.intact = context.intact
    try:
        for step, check in _BY_THE_CLOCK:
            if later.action(step) is Action.ENFORCE:
                check(later)
    except NotarykitError:
        return False
    return True
