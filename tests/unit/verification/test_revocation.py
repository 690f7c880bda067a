"""Revocation as a step of a verification: what is asked, when, and what each level makes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from notarykit.envelope.attributes import SIGNING_AUTHORITY
from notarykit.envelope.builder import with_timestamp
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import AuthenticTimestampError, RevocationError
from notarykit.revocation.checker import RevocationChecker
from notarykit.trust.store import MemoryTrustStore
from notarykit.verification.verdict import Audited, Skipped, Verified
from tests.support.ca import Changes, TestChain, crl_at, make_chain, ocsp_at
from tests.support.checking import sources
from tests.support.crls import NOW, Entry, make_crl, revoked
from tests.support.envelopes import FORMATS, JWS, sign_envelope
from tests.support.ocsp_answers import GOOD, REVOKED, Single, responding
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain
from tests.support.tokens import TokenChanges, make_token
from tests.unit.verification.setting import LEVELS, OTHER, STRANGER, outcomes, policy, store, verify

_HOUR = timedelta(hours=1)


@pytest.fixture
def chain(responder: Responder) -> TestChain:
    """A chain whose certificates are good by OCSP and by CRL."""
    made = revocable_chain(responder.url())
    for place in (0, 1):
        responder.ocsp(ocsp_path(place), responding(made, place))
        responder.put(crl_path(place), make_crl(made, place + 1))
    return made


def _verify(chain: TestChain, level: str = "strict", **changes: Any) -> Any:
    """The verdict on a new signature of a chain that is trusted unless something else is said."""
    envelope = changes.pop("envelope", None) or sign_envelope(chain, now=NOW - _HOUR)
    trusted = changes.pop("trusted", None) or policy(level)
    arguments = {"now": NOW, "store": store(chain), "revocation": RevocationChecker(sources()), **changes}
    return verify(envelope, trusted=trusted, **arguments)


def _revocation_of(results: Any) -> Any:
    (result,) = (each for each in results if each.step == "revocation")
    return result


# Each level.


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize("level", LEVELS)
def test_a_good_chain(chain: TestChain, responder: Responder, level: str, media_type: str) -> None:
    """It is verified, and the step explains whom it asked."""
    envelope = sign_envelope(chain, media_type, now=NOW - _HOUR)
    online = RevocationChecker(sources())
    verdict = verify(envelope, media_type, policy(level), now=NOW, store=store(chain), revocation=online)
    assert isinstance(verdict, Verified)
    result = _revocation_of(verdict.results)
    assert result.outcome == "passed"
    assert result.note == ""
    assert any(line.startswith("certificate 'CN=wabbit-networks.io,") for line in result.explained)
    assert any(f"OCSP {responder.url(ocsp_path(1))}: good" in line for line in result.explained)
    assert responder.asked == {ocsp_path(0): 1, ocsp_path(1): 1}


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_a_revoked_chain(chain: TestChain, responder: Responder, level: str, place: int) -> None:
    """It is refused where revocation is enforced, and noted where it is logged."""
    responder.ocsp(ocsp_path(place), responding(chain, place, REVOKED))
    if level == "strict":
        with pytest.raises(RevocationError, match=r"^revocation: certificate 'CN=.*' is revoked \(on ") as caught:
            _verify(chain, level)
        assert outcomes(caught.value.results)["revocation"] == "enforce failed"
        assert any("revoked" in line for line in _revocation_of(caught.value.results).explained)
        assert caught.value.exit_code == 1
        return
    verdict = _verify(chain, level)
    assert isinstance(verdict, Verified)
    assert outcomes(verdict.results)["revocation"] == "log failed"
    assert isinstance(_revocation_of(verdict.results).error, RevocationError)


@pytest.mark.parametrize("level", LEVELS)
def test_an_unknown_status(chain: TestChain, responder: Responder, level: str) -> None:
    """Specification, "Certificate Revocation Evaluation": what cannot be determined fails the step."""
    responder.fail(ocsp_path(0), 503)
    responder.put(crl_path(0), make_crl(chain, corrupted=True))
    if level == "strict":
        with pytest.raises(RevocationError, match="is unknown: ") as caught:
            _verify(chain, level)
        assert "--ocsp-response or --crl" in caught.value.advice
        return
    assert outcomes(_verify(chain, level).results)["revocation"] == "log failed"


@pytest.mark.parametrize("action", ["enforce", "log", "skip"])
@pytest.mark.parametrize("level", LEVELS)
def test_overrides(chain: TestChain, responder: Responder, level: str, action: str) -> None:
    """An override decides, whatever the level; where it says skip, nobody is asked."""
    responder.ocsp(ocsp_path(0), responding(chain, 0, REVOKED))
    trusted = policy(level, override={"revocation": action})
    if action == "enforce":
        with pytest.raises(RevocationError):
            _verify(chain, trusted=trusted)
        return
    verdict = _verify(chain, trusted=trusted)
    assert isinstance(verdict, Verified)
    assert outcomes(verdict.results)["revocation"] == ("log failed" if action == "log" else "skip skipped")
    assert bool(responder.seen) is (action == "log")


def test_nothing_is_verified_under_skip(chain: TestChain, responder: Responder) -> None:
    """The level skip asks nobody."""
    assert isinstance(_verify(chain, "skip"), Skipped)
    assert responder.seen == []


# What is not asked.


@pytest.mark.parametrize("what", ["root", "identity"])
def test_an_untrusted_signer_sends_nobody_anywhere(chain: TestChain, responder: Responder, what: str) -> None:
    """Under audit a signature of anybody is looked at, and what its certificates name is anybody's to write."""
    distrust: dict[str, Any] = (
        {"store": store(OTHER)} if what == "root" else {"trusted": policy("audit", identities=[STRANGER])}
    )
    verdict = _verify(chain, "audit", **distrust)
    assert isinstance(verdict, Audited)
    found = outcomes(verdict.results)
    assert [found["authenticity"], found["revocation"]] == ["log failed", "log failed"]
    assert "revocation is not checked" in str(_revocation_of(verdict.results).error)
    assert responder.seen == []


def test_an_untrusted_signer_whose_certificates_name_nothing() -> None:
    """Nothing would be asked, so that there is nothing to fail."""
    plain = make_chain()
    verdict = _verify(plain, "audit", store=store(OTHER))
    assert outcomes(verdict.results)["revocation"] == "log passed"


def test_nobody_is_asked_about_a_signature_that_is_refused(chain: TestChain, responder: Responder) -> None:
    """Whatever is enforced before fails without any request."""
    good = sign_envelope(chain, now=NOW - _HOUR)
    for broken in (
        {"envelope": sign_envelope(chain, now=NOW - _HOUR, expires_in=timedelta(seconds=1))},
        {"envelope": good[:-3]},
        {"store": store(OTHER)},
        {"trusted": policy(identities=[STRANGER])},
        {"now": datetime(2100, 1, 1, tzinfo=UTC)},
    ):
        with pytest.raises(Exception, match=r"^(expiry|integrity|authenticity|authenticTimestamp): "):
            _verify(chain, **broken)
    assert responder.seen == []


@pytest.mark.parametrize("extension", [ocsp_at("http://ocsp.invalid"), crl_at("http://crl.invalid")])
def test_a_root_is_never_revoked(extension: Any) -> None:
    """What a root names is not asked, and neither is a self-signed signer's."""
    for chain in (
        make_chain(cas={2: Changes(put=(extension,))}),
        make_chain(length=1, leaf=Changes(put=(extension,))),
    ):
        assert isinstance(_verify(chain), Verified)


@pytest.mark.parametrize("level", LEVELS)
def test_certificates_that_name_nothing(level: str) -> None:
    """Specification, "Certificate Revocation Evaluation": considered valid; the note warns of each."""
    verdict = _verify(make_chain(), level)
    assert isinstance(verdict, Verified)
    result = _revocation_of(verdict.results)
    assert result.outcome == "passed"
    for subject in ("CN=wabbit-networks.io,", "CN=Intermediate CA 1,"):
        assert f"warning: '{subject}" in result.note
    assert "names neither an OCSP responder nor a CRL" in result.note
    assert "Root CA" not in result.note


def test_only_those_that_name_nothing_are_warned_of(responder: Responder) -> None:
    """A chain with both kinds passes with a note about the one."""
    chain = revocable_chain(responder.url(), crl=False, ocsp_at={1: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    note = _revocation_of(_verify(chain).results).note
    assert "Intermediate CA 1" in note
    assert "wabbit-networks.io,OU" not in note.split("Intermediate")[0]


# Certificates whose extensions cannot be read.

_NO_DER = b"\xff"
_KEY_IDENTIFIER, _POLICIES = x509.ObjectIdentifier("2.5.29.14"), x509.ObjectIdentifier("2.5.29.36")
_POINTS = x509.ObjectIdentifier("2.5.29.31")
_TWICE = x509.UnrecognizedExtension(_POLICIES, b"\x05\x00")
_AS_THE_OTHER = ((b"\x06\x03\x55\x1d\x24", b"\x06\x03\x55\x1d\x0e"),)


def _leaf_or_ca(place: int, changes: Changes) -> TestChain:
    return make_chain(leaf=changes) if place == 0 else make_chain(cas={1: changes})


@pytest.mark.parametrize(
    "changes",
    [
        Changes(put=((x509.UnrecognizedExtension(_KEY_IDENTIFIER, _NO_DER), False),)),
        Changes(put=((x509.SubjectKeyIdentifier(b"x"), False), (_TWICE, False)), swap=_AS_THE_OTHER),
    ],
    ids=["no DER", "twice"],
)
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_extensions_that_do_not_count_and_cannot_be_read(level: str, place: int, changes: Changes) -> None:
    """Signature specification, "Other requirements": they fail open, here as elsewhere."""
    verdict = _verify(_leaf_or_ca(place, changes), level)
    assert isinstance(verdict, Verified)
    assert _revocation_of(verdict.results).outcome == "passed"


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("level", LEVELS)
def test_extensions_that_count_and_cannot_be_read(level: str, place: int) -> None:
    """What such an extension names is not known, and so the status is not."""
    chain = _leaf_or_ca(place, Changes(put=((x509.UnrecognizedExtension(_POINTS, _NO_DER), False),)))
    if level == "strict":
        with pytest.raises(RevocationError, match="its revocation extensions cannot be read"):
            _verify(chain, level)
        return
    assert outcomes(_verify(chain, level).results)["revocation"] == "log failed"


# When it was signed.


def _times(chain: TestChain, responder: Responder, by: str, invalid_from: datetime) -> None:
    if by == "ocsp":
        responder.ocsp(ocsp_path(0), responding(chain, 0, Single("revoked", invalidity_date=invalid_from)))
    else:
        responder.fail(ocsp_path(0))
        entry = Entry(chain.certificates[0].serial_number, invalidity_date=invalid_from)
        responder.put(crl_path(0), make_crl(chain, 1, [entry]))


@pytest.mark.parametrize("by", ["ocsp", "crl"])
@pytest.mark.parametrize(("hours", "passes"), [(-1, True), (0, False), (1, False)], ids=["before", "at", "after"])
def test_the_authentic_signing_time(chain: TestChain, responder: Responder, by: str, hours: int, passes: bool) -> None:
    """What a signing authority has signed before the key was invalid is good, by OCSP and by CRL."""
    invalid_from = NOW - timedelta(days=2)
    _times(chain, responder, by, invalid_from)
    envelope = sign_envelope(chain, now=invalid_from + hours * _HOUR, scheme=SIGNING_AUTHORITY)
    changes: dict[str, Any] = {
        "envelope": envelope,
        "trusted": policy(stores=["signingAuthority:acme"]),
        "store": store(chain, "signingAuthority"),
    }
    if passes:
        assert isinstance(_verify(chain, **changes), Verified)
        return
    with pytest.raises(RevocationError, match="is revoked"):
        _verify(chain, **changes)


@pytest.mark.parametrize("by", ["ocsp", "crl"])
def test_the_time_that_a_signer_claims_is_nothing(chain: TestChain, responder: Responder, by: str) -> None:
    """The signing time that nobody vouches for does not save a revoked signer."""
    _times(chain, responder, by, NOW - timedelta(days=2))
    with pytest.raises(RevocationError, match="is revoked"):
        _verify(chain, envelope=sign_envelope(chain, now=NOW - timedelta(days=5)))


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


@pytest.mark.parametrize("media_type", FORMATS)
@pytest.mark.parametrize(("by", "hours", "passes"), [("crl", -1, True), ("crl", 1, False), ("ocsp", -1, False)])
def test_a_verified_timestamp(
    chain: TestChain, responder: Responder, tsa: TestChain, by: str, hours: int, passes: bool, media_type: str
) -> None:
    """Specification: the timestamping date is compared with a CRL's invalidity date, and with no OCSP answer's."""
    invalid_from = NOW - timedelta(days=2)
    _times(chain, responder, by, invalid_from)
    stamped = _Stamped(chain, tsa, invalid_from + hours * _HOUR, media_type)
    if passes:
        assert isinstance(stamped.verify(), Verified)
        return
    with pytest.raises(RevocationError, match="is revoked"):
        stamped.verify()


def test_the_latest_that_a_timestamp_may_mean(chain: TestChain, responder: Responder, tsa: TestChain) -> None:
    """Its accuracy counts: what may have been signed after the key was invalid is not good."""
    invalid_from = NOW - timedelta(days=2)
    _times(chain, responder, "crl", invalid_from)
    for early, passes in ((timedelta(seconds=3), True), (timedelta(seconds=1), False)):
        stamped = _Stamped(chain, tsa, invalid_from - early)  # accurate to a second
        if passes:
            assert isinstance(stamped.verify(), Verified)
        else:
            with pytest.raises(RevocationError):
                stamped.verify()


def test_the_authority_of_a_timestamp_is_checked(chain: TestChain, responder: Responder) -> None:
    """Specification, "Timestamp Countersignature Verification details": a revoked or unknown TSA stamps nothing."""
    tsa = revocable_chain(responder.url("/tsa"), "RSA-2048", purpose="timestamping", ocsp=False)
    responder.put(f"/tsa{crl_path(1)}", make_crl(tsa, 2))
    responder.put(f"/tsa{crl_path(0)}", make_crl(tsa, 1))
    stamped = _Stamped(chain, tsa, NOW - _HOUR)
    assert isinstance(stamped.verify(), Verified)
    responder.put(f"/tsa{crl_path(0)}", make_crl(tsa, 1, [revoked(tsa)]))
    with pytest.raises(AuthenticTimestampError, match=r"^authenticTimestamp: certificate .* is revoked"):
        stamped.verify()
    responder.fail(f"/tsa{crl_path(0)}")
    with pytest.raises(AuthenticTimestampError, match=r"^authenticTimestamp: revocation status of .* is unknown"):
        stamped.verify()


def test_the_invalidity_date_of_an_authority_is_nothing(chain: TestChain, responder: Responder) -> None:
    """Its own tokens do not vouch for their time once it is revoked."""
    tsa = revocable_chain(responder.url("/tsa"), "RSA-2048", purpose="timestamping", ocsp=False)
    responder.put(f"/tsa{crl_path(1)}", make_crl(tsa, 2))
    entry = Entry(tsa.certificates[0].serial_number, invalidity_date=NOW)
    responder.put(f"/tsa{crl_path(0)}", make_crl(tsa, 1, [entry]))
    with pytest.raises(AuthenticTimestampError, match="is revoked"):
        _Stamped(chain, tsa, NOW - timedelta(days=5)).verify()


def test_a_naive_responder_does_not_move_the_time(chain: TestChain, responder: Responder) -> None:
    """The time of the verification is the caller's, for answers as for everything else."""
    responder.ocsp(ocsp_path(0), responding(chain, 0, GOOD))
    with pytest.raises(RevocationError, match=r"of the future, .*check the clock"):
        _verify(chain, now=NOW - timedelta(hours=3), envelope=sign_envelope(chain, now=NOW - timedelta(hours=9)))
