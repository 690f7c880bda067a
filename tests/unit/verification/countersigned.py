"""Timestamped envelopes, and their verification without a network."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import AuthenticTimestampError, RevocationError
from notarykit.keys.chain import Chain
from notarykit.revocation.result import NO_SIGNING_TIMES, CertificateStatus, SigningTimes, Status
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Verdict
from tests.support.ca import TestChain, make_chain
from tests.support.envelopes import JWS, sign_envelope
from tests.support.token_changes import TokenChanges
from tests.support.tokens import make_token
from tests.unit.verification.setting import NOW, outcomes, policy, verify

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
SIGNER = make_chain()
TSA = make_chain("EC-256", purpose="timestamping")
OTHER = make_chain("RSA-2048", purpose="timestamping")
STORES = ("ca:acme", "tsa:one")
STEP = "authenticTimestamp"


class RevocationCheck(NamedTuple):
    """Arguments of one revocation check."""

    chain: tuple[bytes, ...]
    now: datetime
    signing_times: SigningTimes


class RecordingChecker:
    """Revocation checker without a network, which records its calls.

    Attributes:
        checks: The checks made, in order.
    """

    def __init__(self, *revoked: TestChain) -> None:
        """Creates a checker for which the given chains are revoked."""
        self.checks: list[RevocationCheck] = []
        self._revoked = {chain.ders for chain in revoked}

    def check(
        self, chain: Chain, now: datetime, signing_times: SigningTimes = NO_SIGNING_TIMES
    ) -> tuple[CertificateStatus, ...]:
        """Returns good statuses, or raises for a revoked chain."""
        self.checks.append(RevocationCheck(chain.ders, now, signing_times))
        if chain.ders in self._revoked:
            status = CertificateStatus(chain.leaf, Status.REVOKED, "by the test")
            raise RevocationError("the certificate is revoked", statuses=(status,))
        return tuple(CertificateStatus(certificate, Status.GOOD, "by the test") for certificate in chain.certificates)


def trust_store(signer: TestChain = SIGNER, **tsa: TestChain) -> MemoryTrustStore:
    """Returns the signer's store, and stores of authorities by their names."""
    roots = {f"tsa:{name}": [chain.ders[-1]] for name, chain in (tsa or {"one": TSA}).items()}
    return MemoryTrustStore({"ca:acme": [signer.ders[-1]], **roots})


def make_timestamped(
    signer: TestChain = SIGNER,
    media_type: str = JWS,
    tsa: TestChain = TSA,
    message: bytes | None = None,
    **changes: Any,
) -> bytes:
    """Returns an envelope with a timestamp of its signature."""
    envelope = sign_envelope(signer, media_type, now=NOW)
    signature = parse_envelope(envelope, media_type).signature if message is None else message
    token = make_token(signature, tsa, TokenChanges(**{"gen_time": NOW, **changes}))
    return with_timestamp(envelope, media_type, token)


def verify_timestamped(envelope: bytes, media_type: str = JWS, **changes: Any) -> Verdict:
    """Returns the verdict, with the tests' policy, stores and checker unless changed."""
    signer = changes.pop("signer", SIGNER)
    policed: dict[str, Any] = {name: changes.pop(name) for name in ("level", "timestamps", "stores") if name in changes}
    trusted = changes.pop("trusted", None) or policy(**{"stores": STORES, **policed})
    return verify(
        envelope, media_type, trusted, **{"store": trust_store(signer), "revocation": RecordingChecker(), **changes}
    )


def step_message(error: AuthenticTimestampError) -> str:
    """Returns the message of the enforced step's error."""
    assert outcomes(error.results)[STEP] == "enforce failed"
    assert "\n" not in error.one_line()
    return error.message
