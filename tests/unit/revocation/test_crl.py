"""CRLs: each rule once kept and once broken."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509 import ReasonFlags

from notarykit.revocation.bundle import Bundle, judge, pair
from notarykit.revocation.crl import Crl
from notarykit.revocation.distribution_points import ALL_REASONS, DistributionPoint
from notarykit.revocation.limits import CLOCK_SKEW
from notarykit.revocation.result import NO_SIGNING_TIMES, SigningTimes, SourceResult, Status, UnknownStatusError
from tests.support import asn1
from tests.support.ca import Changes, TestChain, key_usage, make_chain, name
from tests.support.crls import (
    ISSUING_DISTRIBUTION_POINT,
    NEXT_UPDATE,
    NOW,
    REVOKED_AT,
    THIS_UPDATE,
    Entry,
    issued_for,
    make_crl,
    make_large_crl,
    revoked,
)
from tests.support.der import sequence, tlv
from tests.unit.revocation.setting import CHAIN, HOLD, KEY_COMPROMISE, POINT, REMOVED, URL, rsa_chain

_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_LEAF = CHAIN.certificates[0]
_DELTA_URL = "http://crl.example/delta"
_HASHES = (hashes.SHA256(), hashes.SHA384(), hashes.SHA512())
# Lasting reasons; `unspecified` is not written by honest CAs, and is one all the same.
_FOR_GOOD = sorted(set(ReasonFlags) - {HOLD, REMOVED}, key=str)


def _crl(entries: Sequence[Entry] = (), chain: TestChain = CHAIN, place: int = 1, **knobs: Any) -> Crl:
    found = Crl(make_crl(chain, place, entries, **knobs))
    found.check_issuer(chain.certificates[place])
    return found


def _judge(
    base: Crl,
    delta: Crl | None = None,
    now: datetime = NOW,
    signing_times: SigningTimes = NO_SIGNING_TIMES,
    point: DistributionPoint = POINT,
) -> SourceResult:
    bundle = pair(base, delta) if delta else Bundle(base)
    return judge(bundle, _LEAF, point, now, signing_times)[0]


def _status(
    entries: Sequence[Entry] = (), *, now: datetime = NOW, signing_times: SigningTimes = NO_SIGNING_TIMES, **knobs: Any
) -> str:
    return str(_judge(_crl(entries, **knobs), now=now, signing_times=signing_times).status)


def _leaf(reason: ReasonFlags | None = None, **members: Any) -> Entry:
    return Entry(_LEAF.serial_number, reason=reason, **members)


# What it lists.


def test_a_certificate_that_is_not_listed() -> None:
    """It is good, whoever else is revoked, until the CRL's time is over."""
    others = [Entry(1), Entry(_LEAF.serial_number + 1), Entry(_LEAF.serial_number - 1)]
    for entries in ([], others):
        assert _judge(_crl(entries)) == (Status.GOOD, f"until {NEXT_UPDATE:%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.parametrize("reason", [None, HOLD, *_FOR_GOOD])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_certificate_that_is_listed(reason: ReasonFlags | None, place: int) -> None:
    """It is revoked for whatever reason, a hold included, wherever it stands."""
    entries = [Entry(1), Entry(2)]
    entries.insert(place, _leaf(reason))
    finding = _judge(_crl(entries))
    assert finding.status is Status.REVOKED
    assert finding.text == f"on {REVOKED_AT:%Y-%m-%dT%H:%M:%SZ}, {(reason or ReasonFlags.unspecified).value}"


def test_a_certificate_that_is_listed_twice() -> None:
    """Of several entries the worst counts."""
    for entries in ([_leaf(HOLD), _leaf(KEY_COMPROMISE)], [_leaf(KEY_COMPROMISE), _leaf(HOLD)]):
        assert _judge(_crl(entries)).text.endswith("keyCompromise")


def test_a_date_far_away() -> None:
    """A revocation date from 2050 on has another form (RFC 5280, section 5.1.2.6)."""
    assert _status([_leaf(revoked_at=NOW.replace(year=2050))]) == "revoked"
    assert _status([_leaf(revoked_at=NOW.replace(year=1999))]) == "revoked"


@pytest.mark.parametrize(
    "serial",
    [1, 127, 128, 255, 256, 0x7FFF, 0x8000, 0x30171000, 2**63, 2**159 - 1, int.from_bytes(b"\x17" * 16, "big")],
)
def test_serial_numbers(serial: int) -> None:
    """Each is found among its neighbours and those that begin or end as it does, and missed where it is not."""
    near = [serial + 1, serial - 1, serial << 8, serial >> 8, serial | 1 << 160, (serial << 8) | 0x17, -serial]
    others = [Entry(each) for each in near if each not in (0, serial)]
    assert _crl(others).entries(serial) == []
    for place in (0, len(others) // 2, len(others)):
        entries = [*others[:place], Entry(serial, reason=KEY_COMPROMISE), *others[place:]]
        (found,) = _crl(entries).entries(serial)
        assert found.serial_number == serial
        assert found.extensions[0].value == x509.CRLReason(KEY_COMPROMISE)


def test_a_serial_number_inside_of_something_else() -> None:
    """Bytes that look like an entry and are not one list nobody."""
    fake = asn1.integer(_LEAF.serial_number) + asn1.time(REVOKED_AT)
    hidden = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), sequence(fake))
    assert _status([Entry(1, extensions=((hidden, False),))], extensions=[(hidden, False)]) == "good"
    assert _status([Entry(1, extensions=((hidden, False),)), _leaf()], extensions=[(hidden, False)]) == "revoked"


@pytest.fixture(scope="module")
def large() -> tuple[Crl, list[int]]:
    """A large CRL, and the serial numbers that it lists."""
    der = make_large_crl(CHAIN, count=20_000, last=[revoked(CHAIN, reason=KEY_COMPROMISE)])
    found = Crl(der)
    found.check_issuer(CHAIN.certificates[1])
    return found, [each.serial_number for each in x509.load_der_x509_crl(der)]


def test_entries_of_a_large_crl(large: tuple[Crl, list[int]]) -> None:
    """The first, the last, and those in the middle are found, each once."""
    found, serials = large
    assert len(serials) == 20_001
    for place in (0, 1, 2, 9_999, 10_000, 10_001, 19_998, 19_999, 20_000):
        assert [each.serial_number for each in found.entries(serials[place])] == [serials[place]]
    assert _judge(found).text.endswith("keyCompromise")


def test_what_a_large_crl_does_not_list(large: tuple[Crl, list[int]]) -> None:
    """Neither neighbours nor what a listed number begins, ends or goes on with."""
    found, serials = large
    for serial in (serials[0], serials[10_000], serials[-1]):
        for other in (serial + 1, serial - 1, serial >> 8, serial << 8, serial & (1 << 120) - 1, serial | 1 << 128):
            assert other == serial or found.entries(other) == []


def test_serial_numbers_that_begin_as_others_do() -> None:
    """Among thousands of them, each is told from those that it is a part of."""
    whole = _LEAF.serial_number
    parts = [whole >> 8 * count for count in range(1, 16)] + [whole & (1 << 8 * count) - 1 for count in range(1, 16)]
    others = [Entry(each) for each in dict.fromkeys(parts) if each not in (0, whole)]
    der = make_large_crl(CHAIN, count=20_000, last=others)
    assert Crl(der).entries(whole) == []
    (found,) = Crl(make_large_crl(CHAIN, count=20_000, last=[*others, _leaf(HOLD)])).entries(whole)
    assert found.serial_number == whole
    for entry in others:
        assert [each.serial_number for each in Crl(der).entries(entry.serial)] == [entry.serial]


# Its form.


@pytest.mark.parametrize(
    "der",
    [b"", b"\x30\x00", b"0" * 1000, b"<html></html>", make_crl(CHAIN)[:-1], make_crl(CHAIN) + b"\0"],
    ids=["nothing", "empty", "zeros", "a page", "cut off", "more behind"],
)
def test_what_is_no_crl(der: bytes) -> None:
    """Bytes that are no CRL say nothing."""
    with pytest.raises(UnknownStatusError, match="it is no readable CRL"):
        Crl(der)


@pytest.mark.parametrize("entries", [(), (_leaf(),)])
def test_the_first_version(entries: Sequence[Entry]) -> None:
    """RFC 5280, section 5: applications are required to process CRLs of version 1 as well."""
    assert _status(entries, version=1) == ("revoked" if entries else "good")


def test_a_version_that_nobody_knows() -> None:
    """RFC 5280, section 5.1.2.1: there are two."""
    with pytest.raises(UnknownStatusError):
        _crl(version=3)


def test_it_does_not_say_until_when() -> None:
    """RFC 5280, section 5.1.2.5: nextUpdate is there."""
    with pytest.raises(UnknownStatusError, match="has no nextUpdate"):
        _crl(next_update=None)


@pytest.mark.parametrize(
    ("extension", "text"),
    [
        ((x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, b"\xff"), True), "cannot be read|no readable"),
        (asn1.unknown_extension(), "critical extension 1.3.6.1.4.1.99999.1"),
    ],
    ids=["malformed", "unknown"],
)
def test_critical_extensions(extension: tuple[x509.ExtensionType, bool], text: str) -> None:
    """RFC 5280, section 5.2: a CRL with a critical extension that cannot be processed is not used."""
    with pytest.raises(UnknownStatusError, match=text):
        _judge(_crl(extensions=[extension]))


def test_extensions_that_are_not_critical() -> None:
    """RFC 5280, section 5.2: an unknown one is ignored."""
    assert _status(extensions=[asn1.unknown_extension(critical=False)]) == "good"


_X400_ADDRESS = tlv(0xA3, b"")


@pytest.mark.parametrize(
    "extension",
    [
        (x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, sequence(tlv(0xA0, tlv(0xA0, _X400_ADDRESS)))), True),
        (x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.18"), sequence(_X400_ADDRESS)), False),
    ],
    ids=["where it is issued for", "another name of the issuer"],
)
def test_names_that_are_not_supported(extension: tuple[x509.ExtensionType, bool]) -> None:
    """A kind of name that nobody reads keeps the CRL from being used at most, and breaks nothing."""
    try:
        assert _status(extensions=[extension]) == "good"
        assert not extension[1]
    except UnknownStatusError:
        return


def test_an_extension_that_occurs_twice() -> None:
    """RFC 5280, section 4.2: an extension occurs once."""
    with pytest.raises(UnknownStatusError):
        _crl(extensions=[(x509.CRLNumber(2), False)])


@pytest.mark.parametrize(
    "value",
    [b"", b"\x17", b"\x17\x05", b"\x17\x82", b"\x05\x00", tlv(0x17, b""), tlv(0x17, b"soon"), tlv(0x17, b"\xff" * 13)],
)
def test_a_next_publish_that_cannot_be_read(value: bytes) -> None:
    """It breaks nothing, whether or not the CRL is used then."""
    try:
        assert _status(next_publish=value) == "good"
    except UnknownStatusError:
        return


# Who signs it.


@pytest.mark.parametrize("algorithm", _HASHES, ids=lambda each: str(each.name))
@pytest.mark.parametrize("pss", [False, True], ids=["plain", "pss"])
@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_signatures(algorithm: hashes.HashAlgorithm, pss: bool, kind: str) -> None:
    """Every algorithm of the SHA-2 family is known, and a signature that does not hold is seen."""
    chain = CHAIN if kind == "EC-256" else rsa_chain()
    assert _crl((), chain, hash_algorithm=algorithm, pss=pss).number == 1
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        _crl((), chain, hash_algorithm=algorithm, pss=pss, corrupted=True)


@pytest.mark.parametrize("kind", ["EC-384", "EC-521", "Ed25519"])
def test_other_keys_of_cas(kind: str) -> None:
    """Whatever a CA's key may be, CRLs may be signed with it."""
    chain = make_chain(cas={1: Changes(kind=kind)})
    assert _crl((), chain).number == 1
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        _crl((), chain, corrupted=True)


@pytest.mark.parametrize("kind", ["EC-256", "RSA-2048"])
def test_sha1_is_refused(kind: str) -> None:
    """Signature specification, "Other requirements": nothing that leads to a root is signed with SHA-1."""
    with pytest.raises(UnknownStatusError, match="the signature algorithm is not supported"):
        _crl((), CHAIN if kind == "EC-256" else rsa_chain(), hash_algorithm=hashes.SHA1())


@pytest.mark.parametrize("place", [0, 2])
def test_another_signs_in_the_issuers_name(place: int) -> None:
    """The issuer's name is anybody's to write."""
    with pytest.raises(UnknownStatusError, match="the signature does not hold"):
        _crl(signed_by=CHAIN.keys[place])


def test_the_issuer_signs_in_anothers_name() -> None:
    """RFC 5280, section 6.3.3, step b: the issuer is the certificate's."""
    with pytest.raises(UnknownStatusError, match="it is not by the issuer"):
        _crl(issuer=name("Other CA"))


def test_an_issuer_that_must_not_sign() -> None:
    """RFC 5280, section 6.3.3, step f: a key usage without cRLSign is for no CRL."""
    chain = make_chain(cas={1: Changes(put=((key_usage("key_cert_sign"), True),))})
    with pytest.raises(UnknownStatusError, match="keyUsage has no cRLSign"):
        _crl((), chain)


def test_the_algorithm_that_was_signed() -> None:
    """RFC 5280, section 5.1.1.2: the algorithm beside the signature is the one in what is signed."""
    der = make_crl(CHAIN)
    other = asn1.signature_algorithm(CHAIN.keys[1], hashes.SHA384())
    usual = asn1.signature_algorithm(CHAIN.keys[1], asn1.SHA256)
    head, _, tail = der.rpartition(usual)
    with pytest.raises(UnknownStatusError, match=r"(?i)signature algorithms do not match|algorithm is not the one"):
        Crl(head + other + tail).check_issuer(CHAIN.certificates[1])


def test_the_key_that_it_names_is_no_concern() -> None:
    """The issuer's own key is what signs it, whatever it says of the key and whether or not it does."""
    assert _status(authority=b"k" * 20) == _status(without_authority=True) == "good"


# Its time.


def test_its_time_is_over() -> None:
    """Specification, "Revocation Checking with CRL": expired if the current date is after nextUpdate."""
    assert _status(now=NEXT_UPDATE) == "good"
    with pytest.raises(UnknownStatusError, match="it expired at"):
        _status(now=NEXT_UPDATE + _SECOND)


@pytest.mark.parametrize("reason", [None, *_FOR_GOOD])
def test_a_lasting_revocation_outlives_it(reason: ReasonFlags | None) -> None:
    """Specification, "Revocation Checking with CRL": listed for any reason but a hold is revoked, though expired."""
    assert _status([_leaf(reason)], now=NEXT_UPDATE + _DAY) == "revoked"


def test_a_hold_does_not_outlive_it() -> None:
    """Specification, "Revocation Checking with CRL": a hold may have been released since, so that a new CRL is due."""
    with pytest.raises(UnknownStatusError, match="it expired at"):
        _status([_leaf(HOLD)], now=NEXT_UPDATE + _DAY)


def test_it_is_of_the_future() -> None:
    """A CRL of tomorrow is a sign of a wrong clock; clocks differ a little."""
    assert _status(now=THIS_UPDATE - CLOCK_SKEW) == "good"
    with pytest.raises(UnknownStatusError, match=r"it is of the future, .*: check the clock"):
        _status(now=THIS_UPDATE - CLOCK_SKEW - _SECOND)


@pytest.mark.parametrize("form", [asn1.generalized_time, asn1.utc_time])
def test_when_a_newer_one_can_be_had(form: Any) -> None:
    """Specification, "Revocation Checking with CRL": a new one is due when NextPublish, or else nextUpdate, is past."""
    soon = _crl(next_publish=form(NOW + _DAY))
    assert [soon.is_current(NOW + _DAY), soon.is_current(NOW + _DAY + _SECOND)] == [True, False]
    assert _judge(soon, now=NOW + 2 * _DAY).status is Status.GOOD
    usual = _crl()
    assert [usual.is_current(NEXT_UPDATE), usual.is_current(NEXT_UPDATE + _SECOND)] == [True, False]
    late = _crl(next_publish=form(NEXT_UPDATE + _DAY))
    assert not late.is_current(NEXT_UPDATE + _SECOND)
    earliest = THIS_UPDATE - CLOCK_SKEW
    assert [usual.is_current(earliest), usual.is_current(earliest - _SECOND)] == [True, False]


# What it is about.


@pytest.mark.parametrize(
    ("scope", "text"),
    [
        ({"only_ca": True}, "its scope is CA certificates only"),
        ({"only_attribute": True}, "its scope"),
        ({"indirect": True}, "indirect CRL"),
    ],
)
def test_a_crl_that_is_about_others(scope: Any, text: str) -> None:
    """RFC 5280, section 6.3.3, step b: its scope includes the certificate."""
    for entries in ([], [_leaf()]):
        with pytest.raises(UnknownStatusError, match=text):
            _status(entries, distribution_point=issued_for(**scope))
    assert _status(distribution_point=issued_for(only_user=True)) == "good"


def test_a_crl_that_is_about_no_ca() -> None:
    """RFC 5280, section 6.3.3, step b: neither one for users nor a missing one for CAs is mixed up."""
    ca = CHAIN.certificates[1]
    scope: Any
    for scope, is_good in (({"only_ca": True}, True), ({}, True), ({"only_user": True}, False)):
        point = issued_for(**scope) if scope else None
        bundle = Bundle(_crl((), CHAIN, 2, distribution_point=point))
        if is_good:
            assert judge(bundle, ca, POINT, NOW, NO_SIGNING_TIMES)[0].status is Status.GOOD
        else:
            with pytest.raises(UnknownStatusError, match="its scope leaves out CA certificates"):
                judge(bundle, ca, POINT, NOW, NO_SIGNING_TIMES)


def test_the_point_that_it_is_for() -> None:
    """RFC 5280, section 6.3.3, step b: one of its names is one of the certificate's point."""
    assert _status(distribution_point=issued_for(URL)) == "good"
    assert _status(distribution_point=issued_for("ldap://crl.example", URL)) == "good"
    for entries in ([], [_leaf()]):
        with pytest.raises(UnknownStatusError, match="another distribution point"):
            _status(entries, distribution_point=issued_for(URL + "/other"))


def test_a_name_that_is_relative_to_the_issuer() -> None:
    """A relative name is not one of the certificate's names."""
    relative = tlv(0xA1, name("x").public_bytes()[2:13])
    value = sequence(tlv(0xA0, relative))
    with pytest.raises(UnknownStatusError):
        _status(extensions=[(x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, value), True)])


@pytest.mark.parametrize("some", [[KEY_COMPROMISE], [HOLD, ReasonFlags.superseded]])
def test_the_reasons_that_it_knows_of(some: list[ReasonFlags]) -> None:
    """RFC 5280, section 6.3.3, step d: what it covers is what both it and the point are for."""
    everything, limited = _crl(), _crl(distribution_point=issued_for(only_reasons=some))
    narrow = POINT._replace(reasons=frozenset([KEY_COMPROMISE]))
    covered = [
        judge(Bundle(crl), _LEAF, point, NOW, NO_SIGNING_TIMES)[1]
        for crl in (everything, limited)
        for point in (POINT, narrow)
    ]
    assert covered == [ALL_REASONS, narrow.reasons, frozenset(some), narrow.reasons & set(some)]


# Since when a key is not to be trusted.


@pytest.mark.parametrize("which", [0, 1], ids=["authentic signing time", "timestamp"])
@pytest.mark.parametrize("reason", [None, KEY_COMPROMISE, HOLD])
@pytest.mark.parametrize(
    ("signed", "status"), [(-1, "good"), (0, "revoked"), (1, "revoked")], ids=["before", "at", "after"]
)
def test_the_invalidity_date(which: int, reason: ReasonFlags | None, signed: int, status: str) -> None:
    """Specification, "Revocation Checking with CRL": what was signed before the invalidity date is good."""
    time = REVOKED_AT - _DAY + signed * _SECOND
    signing_times = SigningTimes(time, None) if which == 0 else SigningTimes(None, time)
    assert _status([_leaf(reason, invalidity_date=REVOKED_AT - _DAY)], signing_times=signing_times) == status


def test_without_an_invalidity_date_or_a_time() -> None:
    """Specification, "Revocation Checking with CRL": then it is revoked, whenever it was signed."""
    early = REVOKED_AT - 9 * _DAY
    for signing_times in (SigningTimes(early, None), SigningTimes(None, early), SigningTimes(early, early)):
        assert _status([_leaf()], signing_times=signing_times) == "revoked"
    assert _status([_leaf(invalidity_date=NOW)]) == "revoked"


def test_an_invalidity_date_of_one_of_two_entries() -> None:
    """Another entry without one counts all the same."""
    entries = [_leaf(invalidity_date=NOW), _leaf(KEY_COMPROMISE)]
    for given in (entries, entries[::-1]):
        assert _status(given, signing_times=SigningTimes(REVOKED_AT)) == "revoked"


@pytest.mark.parametrize(
    ("extension", "text"),
    [
        (asn1.unknown_extension(), "critical extension"),
        ((x509.CertificateIssuer([x509.DirectoryName(name("Other CA"))]), True), "critical extension"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.24"), b"\xff"), False), "cannot be read"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.21"), b"\x0a\x01\x07"), False), "cannot be read"),
        ((x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.29"), sequence(_X400_ADDRESS)), True), None),
    ],
    ids=["unknown", "another issuer's", "malformed date", "unknown reason", "a name that is not supported"],
)
def test_an_entry_that_is_not_understood(extension: tuple[x509.ExtensionType, bool], text: str | None) -> None:
    """RFC 5280, section 5.3: the CRL is not used for the certificate then, and it is not taken for good."""
    with pytest.raises(UnknownStatusError, match=text):
        _status([_leaf(extensions=(extension,))])


def test_entries_of_others_that_are_not_understood() -> None:
    """RFC 5280, section 5.3: an unknown critical extension of any entry keeps the CRL from being used for all."""
    for entries in ([Entry(1, extensions=(asn1.unknown_extension(),))], [_leaf(), Entry(1, issuer=name("Other CA"))]):
        with pytest.raises(UnknownStatusError, match="critical extension"):
            _status(entries)


def test_extensions_of_entries_that_are_not_critical() -> None:
    """RFC 5280, section 5.3: unknown ones are ignored, and so is what others have that cannot be read."""
    malformed = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.24"), b"\xff")
    assert _status([Entry(1, extensions=((malformed, False),))]) == "good"
    assert _status([_leaf(extensions=(asn1.unknown_extension(critical=False),))]) == "revoked"
    assert _status([Entry(1, extensions=((x509.CRLReason(HOLD), True),))]) == "good"
    assert (
        _status([_leaf(extensions=((x509.InvalidityDate(NOW), True),))], signing_times=SigningTimes(REVOKED_AT))
        == "good"
    )


def test_released_without_a_delta() -> None:
    """RFC 5280, section 5.3.1: removeFromCRL stands in delta CRLs alone."""
    with pytest.raises(UnknownStatusError, match="removeFromCRL"):
        _status([_leaf(REMOVED)])


# Deltas.


def _base(entries: Sequence[Entry] = (), **knobs: Any) -> Crl:
    return _crl(entries, **{"number": 5, "freshest": [_DELTA_URL], **knobs})


def _delta(entries: Sequence[Entry] = (), **knobs: Any) -> Crl:
    return _crl(entries, **{"number": 6, "base": 5, **knobs})


@pytest.mark.parametrize(
    ("in_base", "in_delta", "status"),
    [
        ([], [], "good"),
        ([], [_leaf()], "revoked"),
        ([], [_leaf(HOLD)], "revoked"),
        ([], [_leaf(REMOVED)], "good"),
        ([_leaf()], [], "revoked"),
        ([_leaf()], [_leaf(REMOVED)], "revoked"),
        ([_leaf(KEY_COMPROMISE)], [_leaf(HOLD)], "revoked"),
        ([_leaf(HOLD)], [], "revoked"),
        ([_leaf(HOLD)], [_leaf(HOLD)], "revoked"),
        ([_leaf(HOLD)], [_leaf(KEY_COMPROMISE)], "revoked"),
        ([_leaf(HOLD)], [_leaf(REMOVED, revoked_at=REVOKED_AT + _SECOND)], "good"),
        ([_leaf(HOLD)], [_leaf(REMOVED)], "good"),
        ([Entry(1, reason=HOLD)], [Entry(1, reason=REMOVED), _leaf()], "revoked"),
    ],
)
def test_a_base_with_its_delta(in_base: Sequence[Entry], in_delta: Sequence[Entry], status: str) -> None:
    """RFC 5280, section 6.3.3, steps i to l: a hold alone can be released, and lasting revocations last."""
    assert str(_judge(_base(in_base), _delta(in_delta)).status) == status


def test_the_time_of_both_counts() -> None:
    """The earlier end is that of the pair, and one that is over is over."""
    early = NOW + _DAY
    for base, delta in ((_base(), _delta(next_update=early)), (_base(next_update=early), _delta())):
        assert _judge(base, delta).text == f"until {early:%Y-%m-%dT%H:%M:%SZ}"
        with pytest.raises(UnknownStatusError, match="it expired at"):
            _judge(base, delta, now=early + _SECOND)
        assert [Bundle(base, delta).is_current(now) for now in (early, early + _SECOND)] == [True, False]


def test_a_delta_of_the_future() -> None:
    """It is as wrong as a base of the future."""
    with pytest.raises(UnknownStatusError, match="it is of the future"):
        _judge(_base(), _delta(this_update=NOW + _DAY))


def test_a_base_whose_delta_is_not_there() -> None:
    """Specification, "Revocation Checking with Delta CRLs": revocation unavailable."""
    for entries in ([], [_leaf(HOLD)]):
        with pytest.raises(UnknownStatusError, match="its delta CRL is missing"):
            _judge(_base(entries))


def test_a_delta_in_the_place_of_a_base() -> None:
    """It lists only what has changed, so that it alone says nothing about others."""
    with pytest.raises(UnknownStatusError, match="it is a delta CRL, not a complete one"):
        _judge(_delta())


@pytest.mark.parametrize(
    ("base", "delta", "text"),
    [
        ({}, {"base": 4}, "the delta CRL is for base number 4, not 5"),
        ({}, {"base": 6, "number": 7}, "the delta CRL is for base number 6"),
        ({}, {"number": 5}, "not above the base's 5"),
        ({}, {"number": 4}, "not above the base's 5"),
        ({}, {"number": None}, "has no number"),
        ({"number": None}, {}, "has no number"),
        ({}, {"base": None}, "has no number"),
        ({}, {"distribution_point": issued_for(URL)}, "scope is not that of its base"),
        ({"distribution_point": issued_for(URL)}, {}, "scope is not that of its base"),
        (
            {"distribution_point": issued_for(URL)},
            {"distribution_point": issued_for(URL, only_user=True)},
            "scope is not that of its base",
        ),
    ],
)
def test_a_delta_that_does_not_fit(base: Any, delta: Any, text: str) -> None:
    """Specification, "Revocation Checking with Delta CRLs"; RFC 5280, section 5.2.4: numbers and scopes fit."""
    with pytest.raises(UnknownStatusError, match=text):
        pair(_base(**base), _delta(**delta))


def test_a_delta_of_the_same_scope() -> None:
    """RFC 5280, section 5.2.4: the scopes are the same."""
    point = issued_for(URL, only_user=True)
    assert _judge(_base(distribution_point=point), _delta([_leaf()], distribution_point=point)).text


def test_the_dates_of_a_delta_and_the_time_of_signing() -> None:
    """What was signed before the key was invalid is good, whichever of the two says so."""
    late = _leaf(invalidity_date=NOW)
    early = SigningTimes(None, REVOKED_AT)
    assert _judge(_base(), _delta([late]), signing_times=early).status is Status.GOOD
    assert _judge(_base([late]), _delta(), signing_times=early).status is Status.GOOD
    assert _judge(_base([late]), _delta([_leaf()]), signing_times=early).status is Status.REVOKED


def test_where_deltas_are() -> None:
    """All addresses of the base's extension, and none where it has none."""
    assert _base(freshest=["http://a", "http://b"]).delta_urls == ("http://a", "http://b")
    assert [_base().has_delta, _crl().has_delta, _crl().delta_urls] == [True, False, ()]
