"""Signing times in the revocation step: authentic times, timestamps, and their authorities."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import AuthenticTimestampError, RevocationError
from notarykit.revocation.checker import RevocationChecker
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Verified
from tests.support.ca import TestChain, make_chain
from tests.support.checking import sources
from tests.support.crls import NOW, Entry, make_crl, revoked
from tests.support.envelopes import FORMATS, JWS, sign_envelope
from tests.support.ocsp_answers import GOOD, Single, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain
from tests.support.token_changes import TokenChanges
from tests.support.tokens import make_token
from tests.unit.verification.revocation_setting import HOUR, verify_chain
from tests.unit.verification.setting import policy, store, verify


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A chain whose certificates are good by OCSP and by CRL."""
    made = revocable_chain(responder.url())
    for place in (0, 1):
        responder.ocsp(ocsp_path(place), responding(made, place))
        responder.put(crl_path(place), make_crl(made, place + 1))
    return made


def _revoke_from(chain: TestChain, responder: Responder, by: str, invalid_from: datetime) -> None:
    if by == "ocsp":
        responder.ocsp(ocsp_path(0), responding(chain, 0, Single("revoked", invalidity_date=invalid_from)))
    else:
        responder.fail(ocsp_path(0))
        entry = Entry(chain.certificates[0].serial_number, invalidity_date=invalid_from)
        responder.put(crl_path(0), make_crl(chain, 1, [entry]))


@pytest.mark.parametrize("by", ["ocsp", "crl"])
@pytest.mark.parametrize(("hours", "passes"), [(-1, True), (0, False), (1, False)], ids=["before", "at", "after"])
def test_authentic_signing_time_is_compared_with_the_invalidity_date(
    chain: TestChain, responder: Responder, by: str, hours: int, passes: bool
) -> None:
    """What a signing authority has signed before the key was invalid is good, by OCSP and by CRL."""
    invalid_from = NOW - timedelta(days=2)
    _revoke_from(chain, responder, by, invalid_from)
    envelope = sign_envelope(chain, now=invalid_from + hours * HOUR, scheme=SIGNING_AUTHORITY)
    changes: dict[str, Any] = {
        "envelope": envelope,
        "trusted": policy(stores=["signingAuthority:acme"]),
        "store": store(chain, "signingAuthority"),
    }
    if passes:
        assert isinstance(verify_chain(chain, **changes), Verified)
        return
    with pytest.raises(RevocationError, match="is revoked"):
        verify_chain(chain, **changes)


@pytest.mark.requirement("trust:time-of-signature")
@pytest.mark.parametrize("by", ["ocsp", "crl"])
def test_claimed_signing_time_is_not_compared(chain: TestChain, responder: Responder, by: str) -> None:
    """The signing time that nobody vouches for does not save a revoked signer."""
    _revoke_from(chain, responder, by, NOW - timedelta(days=2))
    with pytest.raises(RevocationError, match="is revoked"):
        verify_chain(chain, envelope=sign_envelope(chain, now=NOW - timedelta(days=5)))


class _Stamped:
    """A signature with a timestamp, and what trusts both."""

    def __init__(self, chain: TestChain, tsa: TestChain, time: datetime, media_type: str = JWS) -> None:
        plain = sign_envelope(chain, media_type, now=time)
        signature = check_integrity(parse_envelope(plain, media_type)).signature
        token = make_token(signature, tsa, TokenChanges(gen_time=time))
        self.envelope = with_timestamp(plain, media_type, token)
        self.media_type = media_type
        self.trusted = policy(stores=["ca:acme", "tsa:acme"])
        self.store = MemoryTrustStore({"ca:acme": [chain.ders[-1]], "tsa:acme": [tsa.ders[-1]]})

    def verify(self) -> Any:
        """The verdict."""
        return verify(
            self.envelope,
            self.media_type,
            self.trusted,
            now=NOW,
            store=self.store,
            revocation=RevocationChecker(sources()),
        )


@pytest.fixture(scope="module")
def tsa() -> TestChain:
    """An authority whose certificates name nothing."""
    return make_chain("RSA-2048", purpose="timestamping")


@pytest.mark.requirement(
    "signature:timestamp-is-no-signing-time",
    "trust:crl-invalidity-date",
    "trust:time-of-signature",
)
@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(("by", "hours", "passes"), [("crl", -1, True), ("crl", 1, False), ("ocsp", -1, False)])
def test_timestamp_is_compared_with_a_crls_invalidity_date(
    chain: TestChain, responder: Responder, tsa: TestChain, by: str, hours: int, passes: bool, media_type: str
) -> None:
    """Specification: the timestamping date is compared with a CRL's invalidity date, and with no OCSP answer's."""
    invalid_from = NOW - timedelta(days=2)
    _revoke_from(chain, responder, by, invalid_from)
    stamped = _Stamped(chain, tsa, invalid_from + hours * HOUR, media_type)
    if passes:
        assert isinstance(stamped.verify(), Verified)
        return
    with pytest.raises(RevocationError, match="is revoked"):
        stamped.verify()


def test_upper_limit_of_a_timestamp_is_compared(chain: TestChain, responder: Responder, tsa: TestChain) -> None:
    """Its accuracy counts: what may have been signed after the key was invalid is not good."""
    invalid_from = NOW - timedelta(days=2)
    _revoke_from(chain, responder, "crl", invalid_from)
    for early, passes in ((timedelta(seconds=3), True), (timedelta(seconds=1), False)):
        stamped = _Stamped(chain, tsa, invalid_from - early)  # accurate to a second
        if passes:
            assert isinstance(stamped.verify(), Verified)
        else:
            with pytest.raises(RevocationError):
                stamped.verify()


@pytest.mark.requirement("trust:timestamp-revocation")
def test_revoked_or_unknown_authority_is_refused(chain: TestChain, responder: Responder) -> None:
    """Specification, "Timestamp Countersignature Verification details": a revoked or unknown TSA stamps nothing."""
    tsa = revocable_chain(responder.url("/tsa"), "RSA-2048", purpose="timestamping", ocsp=False)
    responder.put(f"/tsa{crl_path(1)}", make_crl(tsa, 2))
    responder.put(f"/tsa{crl_path(0)}", make_crl(tsa, 1))
    stamped = _Stamped(chain, tsa, NOW - HOUR)
    assert isinstance(stamped.verify(), Verified)
    responder.put(f"/tsa{crl_path(0)}", make_crl(tsa, 1, [revoked(tsa)]))
    with pytest.raises(AuthenticTimestampError, match=r"^authenticTimestamp: certificate .* is revoked"):
        stamped.verify()
    responder.fail(f"/tsa{crl_path(0)}")
    with pytest.raises(AuthenticTimestampError, match=r"^authenticTimestamp: revocation status of .* is unknown"):
        stamped.verify()


def test_invalidity_date_of_an_authority_is_ignored(chain: TestChain, responder: Responder) -> None:
    """Its own tokens do not vouch for their time once it is revoked."""
    tsa = revocable_chain(responder.url("/tsa"), "RSA-2048", purpose="timestamping", ocsp=False)
    responder.put(f"/tsa{crl_path(1)}", make_crl(tsa, 2))
    entry = Entry(tsa.certificates[0].serial_number, invalidity_date=NOW)
    responder.put(f"/tsa{crl_path(0)}", make_crl(tsa, 1, [entry]))
    with pytest.raises(AuthenticTimestampError, match="is revoked"):
        _Stamped(chain, tsa, NOW - timedelta(days=5)).verify()


def test_response_is_judged_at_the_callers_time(chain: TestChain, responder: Responder) -> None:
    """The time of the verification is the caller's, for answers as for everything else."""
    responder.ocsp(ocsp_path(0), responding(chain, 0, GOOD))
    with pytest.raises(RevocationError, match=r"of the future, .*check the clock"):
        verify_chain(chain, now=NOW - timedelta(hours=3), envelope=sign_envelope(chain, now=NOW - timedelta(hours=9)))
