"""OCSP answers: each rule once kept and once broken."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from notarykit.revocation.limits import CLOCK_SKEW
from notarykit.revocation.ocsp import OcspResult, build_request, judge, verify_response
from notarykit.revocation.result import NO_SIGNING_TIMES, SigningTimes, Status, UnknownStatusError
from tests.support import asn1
from tests.support.ca import NOT_AFTER, NOT_BEFORE, Changes, TestChain, key_usage, make_chain, name, new_key
from tests.support.crls import NEXT_UPDATE, NOW, REVOKED_AT, THIS_UPDATE
from tests.support.ocsp_answers import (
    GOOD,
    INTERNAL_ERROR,
    MALFORMED_REQUEST,
    REVOKED,
    SIG_REQUIRED,
    TRY_LATER,
    UNAUTHORIZED,
    UNKNOWN,
    Delegate,
    Single,
    make_answer,
    make_delegate,
    make_refusal,
    the_leaf,
)
from tests.unit.revocation.setting import CHAIN, KEY_COMPROMISE, rsa_chain

_SECOND = timedelta(seconds=1)
_HASHES = (hashes.SHA1(), hashes.SHA256(), hashes.SHA384(), hashes.SHA512())


def _read(der: bytes, chain: TestChain = CHAIN, place: int = 0, nonce: bytes = b"") -> OcspResult:
    return verify_response(der, chain.certificates[place], chain.certificates[place + 1], nonce)


def _answer(singles: Single | Sequence[Single] = GOOD, chain: TestChain = CHAIN, **knobs: Any) -> OcspResult:
    return _read(make_answer(chain, 0, singles, **knobs), chain)


def _status(
    singles: Single | Sequence[Single] = GOOD,
    now: datetime = NOW,
    signing_times: SigningTimes = NO_SIGNING_TIMES,
    **knobs: Any,
) -> Status:
    return judge(_answer(singles, **knobs), now, signing_times).status


def _refused(text: str, singles: Single | Sequence[Single] = GOOD, **knobs: Any) -> None:
    with pytest.raises(UnknownStatusError, match=text):
        _status(singles, **knobs)


# The request.


@pytest.mark.parametrize("nonce", [b"", b"n" * 16])
def test_a_request(nonce: bytes) -> None:
    """It names one certificate with SHA-1, and has a nonce where one is given."""
    request = ocsp.load_der_ocsp_request(build_request(CHAIN.certificates[0], CHAIN.certificates[1], nonce))
    assert isinstance(request.hash_algorithm, hashes.SHA1)
    assert request.serial_number == CHAIN.certificates[0].serial_number
    assert request.issuer_key_hash == asn1.digest(asn1.SHA1, asn1.key_bits(CHAIN.keys[1]))
    assert request.issuer_name_hash == asn1.digest(asn1.SHA1, CHAIN.subjects[1].public_bytes())
    assert [each.value for each in request.extensions] == ([x509.OCSPNonce(nonce)] if nonce else [])


# What it says.


@pytest.mark.parametrize(
    ("single", "status"), [(GOOD, Status.GOOD), (REVOKED, Status.REVOKED), (UNKNOWN, Status.UNKNOWN)]
)
@pytest.mark.parametrize("by_key", [False, True])
def test_what_it_says(single: Single, status: Status, by_key: bool) -> None:
    """The three statuses, by a responder that is named by its name or its key."""
    assert _status(single, by_key=by_key) is status


def test_how_it_says_so() -> None:
    """A revocation has its date and reason, anything else the end of its time."""
    finding = judge(_answer(replace(REVOKED, reason=KEY_COMPROMISE)), NOW, NO_SIGNING_TIMES)
    assert finding.text == f"on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}, keyCompromise"
    assert judge(_answer(REVOKED), NOW, NO_SIGNING_TIMES).text == f"on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}"
    assert judge(_answer(), NOW, NO_SIGNING_TIMES).text == f"until {NEXT_UPDATE:%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("status", [MALFORMED_REQUEST, INTERNAL_ERROR, TRY_LATER, SIG_REQUIRED, UNAUTHORIZED])
def test_refusals(status: int) -> None:
    """A responder that says why it has no answer has none."""
    with pytest.raises(UnknownStatusError, match="the responder answers "):
        _read(make_refusal(status))


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30\x00", b"0" * 1000, b"<html></html>", make_answer(CHAIN)[:-1], make_answer(CHAIN) + b"\0"],
    ids=["nothing", "empty", "zeros", "a page", "cut off", "more behind"],
)
def test_what_is_no_answer(der: bytes) -> None:
    """Bytes that are no response say nothing."""
    with pytest.raises(UnknownStatusError):
        _read(der)


def test_another_kind_of_answer() -> None:
    """RFC 6960, section 4.2.1: the basic response is the only one that is known."""
    with pytest.raises(UnknownStatusError):
        _read(make_answer(CHAIN, response_type="1.3.6.1.5.5.7.48.1.99"))


# The certificate that it is about.


@pytest.mark.parametrize("algorithm", _HASHES, ids=lambda each: str(each.name))
def test_the_hash_that_names_the_certificate(algorithm: hashes.HashAlgorithm) -> None:
    """RFC 6960, section 4.3: any of these names the same certificate."""
    assert _status(replace(GOOD, id_hash=algorithm)) is Status.GOOD


@pytest.mark.parametrize(
    "single",
    [
        Single(serial=5),
        Single(serial=CHAIN.certificates[0].serial_number + 1),
        Single(name_hash=b"n" * 20),
        Single(key_hash=b"k" * 20),
    ],
    ids=["serial number", "the next serial number", "issuer's name", "issuer's key"],
)
def test_an_answer_about_another(single: Single) -> None:
    """RFC 6960, section 3.2: the issuer's name, its key and the serial number must be the certificate's."""
    _refused("the response is about another certificate", single)


def test_an_answer_about_nobody() -> None:
    """An answer without a single response says nothing about the certificate, and is told from one about another."""
    with pytest.raises(UnknownStatusError, match="about no certificate at all: it has no single response"):
        _read(make_answer(CHAIN, 0, []))


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_answer_about_several(place: int) -> None:
    """What counts is what it says about the certificate, wherever that stands."""
    for single, status in ((GOOD, Status.GOOD), (REVOKED, Status.REVOKED)):
        others = [Single("revoked", serial=1), Single("unknown", serial=2)]
        others.insert(place, single)
        assert _status(others) is status


@pytest.mark.parametrize("place", [0, 1])
def test_the_extensions_of_one_among_several(place: int) -> None:
    """An invalidity date belongs to its own single response, and a critical extension of another is not ours."""
    dated = replace(REVOKED, invalidity_date=NOW)
    other = Single(serial=1, extensions=(asn1.unknown_extension(),))
    answer = _answer([dated, other] if place == 0 else [other, dated])
    assert answer.invalidity_date == NOW


def test_a_certificate_that_is_named_with_two_hashes() -> None:
    """A responder may serve those who know SHA-1 and those who know SHA-256 with the same answer."""
    assert _status([GOOD, replace(GOOD, id_hash=hashes.SHA256())]) is Status.GOOD


@pytest.mark.parametrize("order", [1, -1])
def test_the_earlier_of_two_ends(order: int) -> None:
    """What it says twice counts until the first of both says so."""
    early = NOW + timedelta(days=1)
    singles = [replace(GOOD, next_update=early), replace(GOOD, id_hash=hashes.SHA256())][::order]
    assert _status(singles, now=early) is Status.GOOD
    _refused("the response expired at", singles, now=early + _SECOND)


def test_an_answer_that_contradicts_itself() -> None:
    """Good and revoked at once is not good."""
    for singles in ([GOOD, REVOKED], [REVOKED, GOOD], [GOOD, replace(REVOKED, id_hash=hashes.SHA256())]):
        try:
            assert _status(singles) is not Status.GOOD
        except UnknownStatusError:
            continue


# Who signs it.


@pytest.mark.parametrize("algorithm", _HASHES[1:], ids=lambda each: str(each.name))
@pytest.mark.parametrize("pss", [False, True], ids=["plain", "pss"])
@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_signatures(algorithm: hashes.HashAlgorithm, pss: bool, kind: str) -> None:
    """Every algorithm of the SHA-2 family is known, and a signature that does not hold is seen."""
    chain = CHAIN if kind == "EC-256" else rsa_chain()
    how = {"hash_algorithm": algorithm, "pss": pss}
    assert _answer(GOOD, chain, **how).status is Status.GOOD
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        _answer(GOOD, chain, corrupted=True, **how)


@pytest.mark.parametrize("kind", ["EC-384", "EC-521", "Ed25519"])
def test_other_keys_of_cas(kind: str) -> None:
    """Whatever a CA's key may be, answers may be signed with it."""
    chain = make_chain(cas={1: Changes(kind=kind)})
    assert _answer(GOOD, chain).status is Status.GOOD
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        _answer(GOOD, chain, corrupted=True)


@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_sha1_is_refused(kind: str) -> None:
    """Signature specification, "Other requirements": nothing that leads to a root is signed with SHA-1."""
    with pytest.raises(UnknownStatusError, match="the signature algorithm is not supported"):
        _answer(GOOD, CHAIN if kind == "EC-256" else rsa_chain(), hash_algorithm=hashes.SHA1())


def test_another_signs_in_the_issuers_name() -> None:
    """The issuer's name is anybody's to write."""
    _refused("the signature does not hold", signed_by=CHAIN.leaf_key)
    _refused("the signature does not hold", signed_by=CHAIN.keys[2])


@pytest.mark.parametrize("by_key", [False, True])
def test_an_answer_by_nobody_who_is_known(by_key: bool) -> None:
    """A responder that is not the issuer brings its certificate along."""
    text = "signed neither by the issuer nor by a certificate that comes with it"
    _refused(text, named=CHAIN.certificates[2], signed_by=CHAIN.keys[2], by_key=by_key)
    _refused(text, delegate=make_delegate(CHAIN), include=[], by_key=by_key)


def test_the_issuer_may_bring_its_own_certificate() -> None:
    """RFC 6960, section 4.2.1: certificates that help may come along, the issuer's and others."""
    for brought in ([CHAIN.certificates[1]], list(CHAIN.certificates[::-1])):
        assert _status(include=brought) is Status.GOOD


# Whom the issuer lets sign in its place.


@pytest.mark.parametrize("by_key", [False, True])
@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048", "Ed25519"])
def test_a_delegate(by_key: bool, kind: str) -> None:
    """The answer of somebody whom the issuer has certified for that is as good, and it is known who it was."""
    delegate = make_delegate(CHAIN, kind=kind)
    for single, status in ((GOOD, Status.GOOD), (REVOKED, Status.REVOKED)):
        answer = _answer(single, delegate=delegate, by_key=by_key)
        assert answer.status is status
        assert answer.delegate == delegate.certificate
    assert _answer().delegate is None


def test_a_delegate_that_did_not_sign() -> None:
    """Its certificate is anybody's to bring along."""
    delegate = make_delegate(CHAIN)
    _refused("the signature does not hold", delegate=delegate, signed_by=CHAIN.leaf_key)
    _refused("the signature does not hold", delegate=delegate, corrupted=True)


@pytest.mark.parametrize(
    ("delegate", "text"),
    [
        (make_delegate(CHAIN, ocsp_signing=False), "is not for OCSP signing"),
        (the_leaf(CHAIN), "is not for OCSP signing"),
        (make_delegate(make_chain()), "is not by the issuer"),
        (make_delegate(CHAIN, signed_by=CHAIN.keys[2]), "is not by the issuer"),
        (make_delegate(CHAIN, signed_by=CHAIN.leaf_key), "is not by the issuer"),
        (make_delegate(CHAIN, place=2), "is not by the issuer"),
        (make_delegate(CHAIN, kind="RSA-1024"), "weak"),
        (make_delegate(CHAIN, kind="EC-192"), "weak"),
    ],
    ids=[
        "for code", "the leaf", "another CA's", "another CA signed it", "the leaf signed it", "the root's",
        "weak RSA key", "weak EC key",
    ],
)  # fmt: skip
def test_delegates_that_are_none(delegate: Delegate, text: str) -> None:
    """RFC 6960, section 4.2.2.2: certified by the CA itself, and for signing answers."""
    _refused(text, delegate=delegate)


def test_a_delegate_of_the_issuer_of_the_issuer() -> None:
    """RFC 6960, section 4.2.2.2: issued by the CA that issued the certificate, and by no other above it."""
    delegate = make_delegate(CHAIN, place=2)
    _refused("is not by the issuer", delegate=delegate, include=[delegate.certificate, *CHAIN.certificates[1:]])


def _delegate(usage: x509.KeyUsage | None) -> Delegate:
    key = new_key("EC-256")
    builder = x509.CertificateBuilder(
        CHAIN.subjects[1], name("OCSP"), key.public_key(), x509.random_serial_number(), NOT_BEFORE, NOT_AFTER
    ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=True)
    builder = builder if usage is None else builder.add_extension(usage, critical=True)
    return Delegate(builder.sign(CHAIN.keys[1], hashes.SHA256()), key)


@pytest.mark.parametrize(
    "usage",
    [None, key_usage("digital_signature"), key_usage("content_commitment")],
    ids=["none", "digitalSignature", "nonRepudiation"],
)
def test_the_key_usage_of_a_delegate(usage: x509.KeyUsage | None) -> None:
    """RFC 5280, section 4.2.1.12: consistent with signing answers are digitalSignature and nonRepudiation."""
    assert _status(delegate=_delegate(usage)) is Status.GOOD


def test_a_delegate_with_another_key_usage() -> None:
    """RFC 5280, section 4.2.1.12: a key that is for encryption alone signs no answers."""
    _refused("keyUsage", delegate=_delegate(key_usage("key_encipherment")))


def test_a_delegate_counts_while_it_is_valid() -> None:
    """Specification, "Revocation Checking with OCSP": the signing certificate is valid."""
    ends = NOW + timedelta(days=1)
    delegate = make_delegate(CHAIN, not_before=NOW - timedelta(days=1), not_after=ends)
    assert _status(delegate=delegate, now=ends) is Status.GOOD
    _refused("is not valid now", delegate=delegate, now=ends + _SECOND)
    _refused("is not valid now", delegate=make_delegate(CHAIN, not_before=NOW + timedelta(minutes=1)))
    _refused("is not valid now", delegate=make_delegate(CHAIN, expired=True))
    _refused("is not valid now", REVOKED, delegate=make_delegate(CHAIN, expired=True))


@pytest.mark.parametrize("by_key", [False, True])
def test_the_delegates_certificate_is_one_of_several(by_key: bool) -> None:
    """RFC 6960, section 4.2.1: certificates that help to verify may come along, in any order."""
    delegate = make_delegate(CHAIN)
    others = [make_delegate(CHAIN, subject=name("Other")).certificate, *CHAIN.certificates]
    assert _status(delegate=delegate, include=[*others, delegate.certificate], by_key=by_key) is Status.GOOD


def test_a_responder_with_two_certificates_of_its_name() -> None:
    """A responder that has renewed its key brings the old certificate along with the new one."""
    old, new = make_delegate(CHAIN), make_delegate(CHAIN)
    assert old.certificate.subject == new.certificate.subject
    for brought in ([old.certificate, new.certificate], [new.certificate, old.certificate]):
        assert _status(delegate=new, include=brought) is Status.GOOD


def test_a_delegate_that_is_named_as_the_issuer() -> None:
    """RFC 6960 does not keep a CA from giving its responder its own name."""
    assert _status(delegate=make_delegate(CHAIN, subject=CHAIN.subjects[1])) is Status.GOOD


# Its time.


def test_its_time_is_over() -> None:
    """Specification, "Revocation Checking with OCSP": expired if the current date is after nextUpdate."""
    for single, status in ((GOOD, Status.GOOD), (REVOKED, Status.REVOKED)):
        assert _status(single, now=NEXT_UPDATE) is status
        _refused("the response expired at", single, now=NEXT_UPDATE + _SECOND)


def test_it_is_of_the_future() -> None:
    """RFC 6960, section 4.2.2.1: later than the clock is unreliable, but clocks differ a little."""
    assert _status(now=THIS_UPDATE - CLOCK_SKEW) is Status.GOOD
    _refused("the response is of the future, .*: check the clock", now=THIS_UPDATE - CLOCK_SKEW - _SECOND)
    assert timedelta(minutes=1) <= CLOCK_SKEW <= timedelta(minutes=15)


def test_it_does_not_say_until_when() -> None:
    """Without nextUpdate nobody knows whether it is expired."""
    for single in (GOOD, REVOKED):
        _refused("has no nextUpdate", replace(single, next_update=None))


def test_when_it_was_made_is_no_concern() -> None:
    """Answers are made in advance, and producedAt is no limit of anything."""
    assert _status(produced_at=NOW - timedelta(days=300)) is Status.GOOD


# Its extensions.


@pytest.mark.parametrize(("sent", "got"), [(b"n" * 16, b"n" * 16), (b"", b"n" * 16), (b"", None)])
def test_a_nonce(sent: bytes, got: bytes | None) -> None:
    """A nonce that was sent comes back, and one that was not is no concern."""
    assert _read(make_answer(CHAIN, nonce=got), nonce=sent).status is Status.GOOD


@pytest.mark.parametrize("got", [b"m" * 16, b"n" * 15, None])
def test_a_nonce_that_does_not_come_back(got: bytes | None) -> None:
    """An answer with another nonce, or none, is that to another request."""
    with pytest.raises(UnknownStatusError, match="the response does not repeat the nonce"):
        _read(make_answer(CHAIN, nonce=got), nonce=b"n" * 16)


def test_extensions_of_the_answer() -> None:
    """RFC 6960, section 4.4: unknown ones are ignored unless they are critical."""
    assert _status(extensions=[asn1.unknown_extension(critical=False)]) is Status.GOOD
    _refused("critical extension 1.3.6.1.4.1.99999.1", extensions=[asn1.unknown_extension()])


def test_extensions_of_the_single_response() -> None:
    """RFC 6960, section 4.4: unknown ones are ignored unless they are critical."""
    assert _status(replace(GOOD, extensions=(asn1.unknown_extension(critical=False),))) is Status.GOOD
    _refused("critical extension 1.3.6.1.4.1.99999.1", replace(GOOD, extensions=(asn1.unknown_extension(),)))


# Since when a key is not to be trusted.


@pytest.mark.parametrize(
    ("signed", "status"), [(-1, Status.GOOD), (0, Status.REVOKED), (1, Status.REVOKED)], ids=["before", "at", "after"]
)
def test_the_invalidity_date_and_the_authentic_signing_time(signed: int, status: Status) -> None:
    """Specification, "Revocation Checking with OCSP": a signature of before the invalidity date is good."""
    dated = replace(REVOKED, invalidity_date=REVOKED_AT)
    assert _status(dated, signing_times=SigningTimes(REVOKED_AT + signed * _SECOND)) is status


def test_a_timestamp_is_nothing_to_it() -> None:
    """Specification, "Revocation Checking with OCSP": the authentic signing time alone is compared."""
    dated = replace(REVOKED, invalidity_date=REVOKED_AT)
    assert _status(dated, signing_times=SigningTimes(None, REVOKED_AT - _SECOND)) is Status.REVOKED


def test_without_an_invalidity_date_or_a_time() -> None:
    """Specification, "Revocation Checking with OCSP": then it is revoked, whenever it was signed."""
    assert _status(REVOKED, signing_times=SigningTimes(REVOKED_AT - timedelta(days=9))) is Status.REVOKED
    assert _status(replace(REVOKED, invalidity_date=NOW)) is Status.REVOKED


@pytest.mark.parametrize("single", [GOOD, UNKNOWN])
def test_an_invalidity_date_of_what_is_not_revoked(single: Single) -> None:
    """It changes nothing."""
    dated = replace(single, invalidity_date=REVOKED_AT)
    assert _status(dated, signing_times=SigningTimes(REVOKED_AT - _SECOND)) is _status(single)


def test_a_critical_invalidity_date() -> None:
    """RFC 6960, section 4.4.5: the extensions of CRL entries are known, critical or not."""
    critical = replace(REVOKED, extensions=((x509.InvalidityDate(REVOKED_AT), True),))
    assert _status(critical, signing_times=SigningTimes(REVOKED_AT - _SECOND)) is Status.GOOD
    assert _status(critical, signing_times=SigningTimes(REVOKED_AT + _SECOND)) is Status.REVOKED


def test_the_stricter_of_two_answers_counts() -> None:
    """Where one of two has no invalidity date, or an earlier one, that is what decides, in either order."""
    dated = replace(REVOKED, invalidity_date=REVOKED_AT)
    earlier = replace(dated, invalidity_date=REVOKED_AT - timedelta(days=2), id_hash=hashes.SHA256())
    bare = replace(REVOKED, id_hash=hashes.SHA256(), next_update=NEXT_UPDATE + timedelta(days=7))
    signed = SigningTimes(REVOKED_AT - timedelta(days=1))
    assert _status(dated, signing_times=signed) is Status.GOOD
    for other in (bare, earlier):
        for singles in ([dated, other], [other, dated]):
            assert _status(singles, signing_times=signed) is Status.REVOKED
