"""Ends of decisions: until when nothing that was looked at changes by itself."""

from collections.abc import Iterable
from datetime import datetime

from notarykit import Verdict, Verified


def decision_end(verdict: Verdict, evidence: Iterable[datetime], now: datetime) -> datetime | None:
    """Returns the next end of anything that a verdict rests on, or None where nothing of it ends.

    It is never later than the verdict's own end; a certificate's end that a timestamp outlasts costs a verification
    more. What had ended before the verification did not keep it from accepting, and counts no more.

    Args:
        verdict: Verdict on the signature.
        evidence: Ends of the OCSP responses and CRLs that were used.
        now: Time of the verification.
    """
    ends = {*evidence, verdict.next_end(now)}
    if isinstance(verdict, Verified) and verdict.timestamp is not None:
        ends.update(certificate.not_valid_after_utc for certificate in verdict.timestamp.chain.certificates)
    return min((end for end in ends if end is not None and end >= now), default=None)
