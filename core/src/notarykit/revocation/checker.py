"""The revocation of a chain's certificates: all are asked about at the same time, and one deadline is for all.

Trust store and trust policy specification, "Certificate Revocation Evaluation"; `question` asks about one of them.
"""

from concurrent.futures import Future, wait
from datetime import datetime

from cryptography import x509

from notarykit._internal.deadline import seconds_left
from notarykit._internal.threads import start
from notarykit.errors import RevocationError
from notarykit.keys.certificate import subject_of
from notarykit.keys.chain import Chain
from notarykit.revocation.certificate import CertificateCheck, Means, Observe
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.fetcher import RevocationFetcher
from notarykit.revocation.limits import Deadline
from notarykit.revocation.result import NO_MOMENTS, CertificateStatus, SigningTimes, Status

SECONDS = 30.0


class RevocationChecker:
    """Checks chains. May be used from several threads.

    Args:
        sources: Where answers come from; None where nothing but the given files is asked.
        given: What the user gives in files.
        seconds: How long the check of one chain may take.
        observe: Called with each piece of evidence that is used, from several threads.
    """

    def __init__(
        self,
        sources: RevocationFetcher | None,
        given: LocalEvidence | None = None,
        *,
        seconds: float = SECONDS,
        observe: Observe = lambda _: None,
    ) -> None:
        self._means = Means(sources, given or LocalEvidence(), observe)
        self._seconds = seconds

    def check(self, chain: Chain, now: datetime, moments: SigningTimes = NO_MOMENTS) -> tuple[CertificateStatus, ...]:
        """What is known of each certificate of a chain but the root, the leaf first.

        Args:
            chain: A chain that leads to a trusted root: nothing that anybody else names is asked.
            now: The time of the verification.
            moments: When the signature was made, as far as somebody vouches for it.

        Raises:
            RevocationError: A certificate is revoked, or its status is not known; `statuses` says of each what is.
        """
        statuses = self.statuses(chain, now, moments)
        for wanted in (Status.REVOKED, Status.UNKNOWN):
            for status in statuses:
                if status.status is wanted:
                    raise _refusal(status, statuses)
        return statuses

    def statuses(
        self, chain: Chain, now: datetime, moments: SigningTimes = NO_MOMENTS
    ) -> tuple[CertificateStatus, ...]:
        """The same, whatever it is."""
        seconds = min(self._seconds, seconds_left())
        deadline = Deadline(seconds)
        pairs = list(zip(chain.certificates, chain.certificates[1:], strict=False))
        works = [start(CertificateCheck(self._means, *pair, now, moments, deadline).status) for pair in pairs]
        wait(works, seconds)
        return tuple(_status(*each, seconds) for each in zip(chain.certificates, works, strict=False))


def _status(certificate: x509.Certificate, work: Future[CertificateStatus], seconds: float) -> CertificateStatus:
    if not work.done():
        text = f"no answer within {seconds:g} seconds in all"
    elif error := work.exception():
        text = f"what was answered could not be processed: {type(error).__name__}"
    else:
        return work.result()
    return CertificateStatus(certificate, Status.UNKNOWN, text)


def _refusal(status: CertificateStatus, statuses: tuple[CertificateStatus, ...]) -> RevocationError:
    name = subject_of(status.certificate)
    if status.status is Status.REVOKED:
        return RevocationError(f"certificate {name!r} is revoked ({status.text})", statuses=statuses)
    return RevocationError(
        f"whether certificate {name!r} is revoked is not known: {status.text}",
        advice="make sure that its responder or CRL can be reached, or give --evidence, --ocsp-response or --crl",
        statuses=statuses,
    )
