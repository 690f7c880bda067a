"""Requests, responses and tokens between bytes and records: what is written is read, and what is malformed is told."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notarykit.errors import NotarykitError, TimestampError
from notarykit.keys.der import elements
from notarykit.keys.x509_signature import Algorithm
from notarykit.timestamp import asn1
from notarykit.timestamp.records import Attributes, TimestampInfo
from tests.support.asn1 import HASHES, NULL, integer, octet_string, oid
from tests.support.ca import make_chain, name
from tests.support.der import sequence, tlv
from tests.support.tokens import (
    CONTENT_TYPE,
    DATA,
    MESSAGE_DIGEST,
    POLICY,
    SIGNING_CERTIFICATE_V2,
    SIGNING_TIME,
    TST_INFO,
    Accuracy,
    EssCertificate,
    TokenChanges,
    TokenExtension,
    make_info,
    make_response,
    make_token,
)

MESSAGE = b"what is stamped"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
BASELINE = "0.4.0.2023.1.1"
OTHER = "1.3.6.1.4.1.99999.7"
CHAIN = make_chain("EC-256", purpose="timestamping")
SECOND = timedelta(seconds=1)


def _token(**changes: Any) -> bytes:
    return make_token(MESSAGE, CHAIN, TokenChanges(**{"gen_time": MOMENT, **changes}))


def _info(**changes: Any) -> bytes:
    return make_info(MESSAGE, CHAIN, TokenChanges(**{"gen_time": MOMENT, **changes}))


def _attributes(**changes: Any) -> Attributes:
    return asn1.read_attributes(asn1.read_token(_token(**changes)).signed_attributes)


# Requests


@pytest.mark.parametrize(("hash_name", "short"), [("SHA-256", "sha256"), ("SHA-384", "sha384"), ("SHA-512", "sha512")])
@pytest.mark.parametrize("policy", ["", POLICY])
@pytest.mark.parametrize("nonce", [0, 127, 128, 2**159 - 1])
def test_a_request_is_what_the_specification_says(hash_name: str, short: str, policy: str, nonce: int) -> None:
    """A request has version, imprint, the policy if one is wanted, the nonce, and asks for certificates."""
    digest = hashlib.new(short, MESSAGE).digest()
    made = asn1.make_request(hash_name, digest, nonce, policy)
    wanted = {NULL, b""}
    assert made in {
        sequence(
            integer(1),
            sequence(sequence(oid(HASHES[short]), null), octet_string(digest)),
            oid(policy) if policy else b"",
            integer(nonce),
            tlv(0x01, b"\xff"),
        )
        for null in wanted
    }


# Responses


@pytest.mark.parametrize("status", [0, 1])
def test_a_response_that_grants_has_its_token(status: int) -> None:
    """The token comes out of a response as it was put in; what has no lengths may have got some."""
    for token in (_token(), _token(certificates_as_given=True)):
        assert asn1.read_response(make_response(token, status, texts=("fine",))) == token
    endless = _token(indefinite=True)
    found = asn1.read_response(make_response(endless, status))
    assert asn1.read_token(found) == asn1.read_token(endless)


@pytest.mark.parametrize(
    ("status", "word"), [(2, "rejection"), (3, "waiting"), (4, "revocation_warning"), (5, "revocation_notification")]
)
def test_a_refusal_is_told_by_its_status(status: int, word: str) -> None:
    """A response of another status is refused, whether or not it has a token."""
    for token in (None, _token()):
        with pytest.raises(TimestampError, match=rf"refuses \({word}\)$"):
            asn1.read_response(make_response(token, status))


@pytest.mark.parametrize(
    ("bit", "text"),
    [
        (0, "hash algorithm"),
        (2, "not permitted or supported"),
        (5, "wrong format"),
        (14, "time source"),
        (15, "policy"),
        (16, "extension"),
        (17, "additional information"),
        (25, "system failure"),
    ],
)
def test_a_refusal_says_why(bit: int, text: str) -> None:
    """Each reason of the specification is told in words."""
    with pytest.raises(TimestampError, match=rf"refuses \(rejection\): [^,]*{text}[^,]*$"):
        asn1.read_response(make_response(None, 2, failures=[bit]))


def test_a_refusal_says_all_reasons() -> None:
    """Several reasons are all told, and one that the specification does not have is no obstacle."""
    with pytest.raises(TimestampError, match=r"hash algorithm, .*system failure"):
        asn1.read_response(make_response(None, 2, failures=[0, 1, 25], texts=("no\nsuch luck",)))
    with pytest.raises(TimestampError, match=r"refuses \(rejection\)"):
        asn1.read_response(make_response(None, 2, failures=[200]))


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"\0",
        b"\x30\x00",
        b"\x30\x80",
        b"<html></html>",
        make_response(None),
        make_response(None, 1),
        make_response(None, 99),
        make_response(_token(), trailing=b"\0"),
        make_response(_token())[:-1],
        make_response(NULL),
        sequence(sequence(octet_string(b"\0"))),
        sequence(integer(0), _token()),
    ],
    ids=range(13),
)
def test_what_is_no_response(response: bytes) -> None:
    """What grants nothing, or is no response, is refused, at the latest as a token, and never by another error."""
    with pytest.raises(TimestampError) as caught:
        asn1.read_token(asn1.read_response(response))
    assert "\n" not in caught.value.one_line()


# Tokens


def test_a_token_is_taken_apart() -> None:
    """The parts that the signature needs come out, as they came."""
    found = asn1.read_token(_token(certificates_as_given=True))
    assert found.content == _info()
    assert found.certificates == CHAIN.ders
    assert found.signers == CHAIN.ders[:1]
    assert (found.hash_name, found.algorithm) == ("SHA-256", Algorithm("ECDSA", "SHA-256"))
    assert found.signed_attributes[0] == 0x31
    assert asn1.read_token(_token(indefinite=True, content_in_parts=True)).content == _info()


def test_certificates_are_found_by_issuer_and_serial_number() -> None:
    """Nobody is found where the signer's certificate is absent, and one that is there twice is one."""
    assert asn1.read_token(_token(certificates=None)).certificates == ()
    assert asn1.read_token(_token(certificates=())).signers == ()
    assert asn1.read_token(_token(certificates=CHAIN.ders[1:])).signers == ()
    assert asn1.read_token(_token(signer_id_of=CHAIN.ders[1])).signers == CHAIN.ders[1:2]
    assert asn1.read_token(_token(extra_certificates=CHAIN.ders[:1])).signers == CHAIN.ders[:1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outer_type": DATA}, "not signed data$"),
        ({"content_type": DATA}, "not signed data of version 3 around a TSTInfo"),
        ({"signed_data_version": 1}, "not signed data of version 3"),
        ({"signed_data_version": 259}, "not signed data of version 3"),
        ({"no_signer": True}, "has 0 signatures"),
        ({"second_signer": CHAIN}, "has 2 signatures"),
        ({"signer_id": "subject key id"}, "does not name its signer by issuer and serial number"),
        ({"signer_info_version": 3}, "does not name its signer"),
        ({"signed_attributes": False}, "no signed attributes"),
        ({"listed_algorithms": ("sha512",)}, "does not list the hash"),
        ({"digest_algorithm": "sha1"}, "the hash is not SHA-256"),
        ({"signature_hash": "sha512"}, "does not use the SHA-256"),
        ({"signature_algorithm": sequence(oid(OTHER))}, "not supported"),
        ({"extra_certificates": tuple(make_chain(length=1).ders[0] for _ in range(30))}, "33 certificates"),
        ({"extra_certificates": (b"\x30\x00",)}, "malformed"),
        ({"trailing": b"\0"}, "malformed"),
    ],
)
def test_a_token_that_breaks_a_rule(changes: dict[str, Any], message: str) -> None:
    """Each rule has its own words."""
    with pytest.raises(TimestampError, match=message):
        asn1.read_token(_token(**changes))


def test_the_size_of_a_token_is_limited() -> None:
    """A token of the largest size is read, and one more byte is too many."""
    # An RSA signature is always of the same size.
    chain = make_chain("RSA-2048", purpose="timestamping")

    def token(size: int) -> bytes:
        return make_token(MESSAGE, chain, TokenChanges(unsigned_attributes=((OTHER, octet_string(bytes(size))),)))

    largest = token(70_000 + asn1.LARGEST - len(token(70_000)))
    assert len(largest) == asn1.LARGEST
    assert asn1.read_token(largest).signers
    with pytest.raises(TimestampError, match=f"{asn1.LARGEST + 1} bytes"):
        asn1.read_token(largest + b"\0")


def test_deeply_nested_elements() -> None:
    """Elements inside each other by the thousand are refused as any other malformed token."""
    for nested in (b"\x30\x80" * 100_000, b"\xa0\x80" * 100_000):
        with pytest.raises(TimestampError):
            asn1.read_token(nested)
        with pytest.raises(TimestampError):
            asn1.read_token(_token(info=nested, content_in_parts=True)[:-4] + nested)


# Signed attributes


def test_the_signed_attributes() -> None:
    """What counts among them is read, and anything else is no obstacle."""
    older = (EssCertificate(),)
    found = _attributes(ess_v1=older, signing_time=MOMENT, more_attributes=((OTHER, integer(1)),))
    names = (CHAIN.subjects[1].public_bytes(), CHAIN.certificates[0].serial_number)
    assert found == Attributes(
        TST_INFO,
        hashlib.sha256(_info()).digest(),
        ("SHA-256", hashlib.sha256(CHAIN.ders[0]).digest()),
        hashlib.sha1(CHAIN.ders[0]).digest(),
        (names, names),
        MOMENT,
    )
    assert names == asn1.issuer_and_serial(CHAIN.ders[0])


def test_what_may_be_absent_among_the_signed_attributes() -> None:
    """The older signing certificate, the names in both, and the time may be absent; the hash is SHA-256 by default."""
    bare = _attributes(ess_v2=(EssCertificate(issuer_serial=None),))
    assert (bare.older_certificate_hash, bare.certificate_names, bare.signing_time) == (None, (), None)
    assert _attributes(ess_v2=(EssCertificate(written=True),)).certificate_hash == bare.certificate_hash
    for short, hash_name in (("sha384", "SHA-384"), ("sha512", "SHA-512")):
        digest = hashlib.new(short, CHAIN.ders[0]).digest()
        assert _attributes(ess_v2=(EssCertificate(short),)).certificate_hash == (hash_name, digest)


@pytest.mark.parametrize(
    "value", [tlv(0x18, b"20260301123015Z"), tlv(0x17, b"260301123015Z")], ids=["GeneralizedTime", "UTCTime"]
)
def test_the_signing_time_in_both_forms(value: bytes) -> None:
    """The time at which it was signed has one of two forms."""
    assert _attributes(more_attributes=((SIGNING_TIME, value),)).signing_time == MOMENT


def test_an_attribute_that_does_not_count_may_have_several_values() -> None:
    """Only some attributes are said to have one value; what is not looked at may have two."""
    assert _attributes(more_attributes=((OTHER, integer(1)),), two_values=(OTHER,)) == _attributes()


@pytest.mark.parametrize("kind", [CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_CERTIFICATE_V2])
def test_attributes_that_must_be_there_once(kind: str) -> None:
    """The attributes that count are there once, with one value."""
    for change in ("without", "twice", "two_values"):
        with pytest.raises(TimestampError, match=r"signed attribute .*(absent|exactly one value)"):
            _attributes(**{change: (kind,)})


@pytest.mark.parametrize(
    "changes",
    [
        {"ess_v2": ()},
        {"ess_v1": ()},
        {"ess_v2": (EssCertificate("sha1"),)},
        {"ess_v2": None, "more_attributes": ((SIGNING_CERTIFICATE_V2, integer(1)),)},
        {"without": (MESSAGE_DIGEST,), "more_attributes": ((MESSAGE_DIGEST, integer(1)),)},
        {"without": (CONTENT_TYPE,), "more_attributes": ((CONTENT_TYPE, integer(1)),)},
        {"signing_time": MOMENT, "twice": (SIGNING_TIME,)},
        {"signing_time": MOMENT, "two_values": (SIGNING_TIME,)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"260301123015")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"260301123015+0100")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"2603011230Z")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x18, b"20260301123015")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x18, b"20260301133015+0100")),)},
        {"more_attributes": ((SIGNING_TIME, tlv(0x17, b"soon")),)},
        {"more_attributes": ((SIGNING_TIME, integer(1)),)},
    ],
    ids="-".join,
)
def test_attributes_that_are_none(changes: dict[str, Any]) -> None:
    """What an attribute's specification does not allow is refused (RFC 5035, section 4; RFC 5652, section 11)."""
    with pytest.raises(TimestampError):
        _attributes(**changes)


@pytest.mark.parametrize("members", [(), (tlv(0x31, NULL), NULL)], ids=["too few", "too many"])
def test_an_attribute_is_a_type_and_its_values(members: tuple[bytes, ...]) -> None:
    """RFC 5652, section 5.3: even one that does not count has two members."""
    (_, _, content), *_ = elements(asn1.read_token(_token()).signed_attributes)
    usual = [whole for _, whole, _ in elements(content)]
    assert asn1.read_attributes(tlv(0x31, b"".join(sorted([*usual, sequence(oid(OTHER), tlv(0x31, NULL))]))))
    with pytest.raises(TimestampError, match="signed attribute is malformed"):
        asn1.read_attributes(tlv(0x31, b"".join(sorted([*usual, sequence(oid(OTHER), *members)]))))


def test_the_signed_attributes_are_in_the_order_of_der() -> None:
    """Signed attributes in another order are refused, over whichever order the signature is."""
    for signed_as_written in (False, True):
        with pytest.raises(TimestampError):
            _attributes(reversed_attributes=True, signed_as_written=signed_as_written)


# What a token says


def test_what_a_token_says() -> None:
    """Everything that counts is read."""
    found = asn1.read_info(_info(nonce=2**158 + 1, serial=2**150, ordering=True, tsa="right"))
    assert found._replace(authority=None) == TimestampInfo(
        POLICY,
        "SHA-256",
        hashlib.sha256(MESSAGE).digest(),
        2**150,
        MOMENT - SECOND,
        MOMENT,
        MOMENT + SECOND,
        2**158 + 1,
        None,
    )
    assert asn1.read_info(_info(accuracy=None)).nonce is None


@pytest.mark.parametrize("short", ["sha256", "sha384", "sha512"])
def test_the_hash_of_the_imprint(short: str) -> None:
    """Each of the hashes is known, with and without parameters."""
    digest = hashlib.new(short, MESSAGE).digest()
    for parameters in (NULL, b""):
        algorithm = sequence(oid(HASHES[short]), parameters)
        found = asn1.read_info(_info(imprint=digest, imprint_algorithm=algorithm))
        assert (found.hash_name, found.imprint) == (f"SHA-{short[3:]}", digest)


def _limits(**changes: Any) -> tuple[timedelta, timedelta]:
    found = asn1.read_info(_info(**changes))
    return found.time - found.earliest, found.latest - found.time


@pytest.mark.parametrize(
    ("accuracy", "wanted"),
    [
        (None, timedelta(0)),
        (Accuracy(), timedelta(0)),
        (Accuracy(0), timedelta(0)),
        (Accuracy(1), SECOND),
        (Accuracy(millis=1), timedelta(milliseconds=1)),
        (Accuracy(micros=999), timedelta(microseconds=999)),
        (Accuracy(2, 999, 1), timedelta(seconds=2, milliseconds=999, microseconds=1)),
        (Accuracy(86400), timedelta(days=1)),
    ],
)
def test_the_accuracy_makes_the_limits(accuracy: Accuracy | None, wanted: timedelta) -> None:
    """The time may be off by the accuracy to both sides; a part that is missing is zero, and so is the whole."""
    assert _limits(accuracy=accuracy) == (wanted, wanted)


@pytest.mark.parametrize(
    ("policy", "accuracy", "wanted"),
    [
        (BASELINE, None, SECOND),
        (BASELINE, Accuracy(), timedelta(0)),
        (BASELINE, Accuracy(0), timedelta(0)),
        (BASELINE, Accuracy(millis=5), timedelta(milliseconds=5)),
        (BASELINE, Accuracy(7), timedelta(seconds=7)),
        (f"{BASELINE}.1", None, timedelta(0)),
        ("0.4.0.2023.1", None, timedelta(0)),
        ("0.4.0.2023.1.2", None, timedelta(0)),
    ],
)
def test_the_baseline_policy_has_one_second(policy: str, accuracy: Accuracy | None, wanted: timedelta) -> None:
    """Under the baseline policy alone an accuracy that is not specified is one second."""
    assert _limits(policy=policy, accuracy=accuracy) == (wanted, wanted)


@pytest.mark.parametrize(
    "accuracy",
    [
        Accuracy(-1),
        Accuracy(-1, 999, 999),
        Accuracy(1, 0),
        Accuracy(1, 1000),
        Accuracy(1, -1),
        Accuracy(1, None, 0),
        Accuracy(1, None, 1000),
        Accuracy(2**63),
        Accuracy(2**4000),
        octet_string(b""),
        sequence(tlv(0x81, b"\1"), tlv(0x80, b"\1")),
        sequence(integer(1), integer(1)),
        sequence(tlv(0x82, b"\1")),
        sequence(integer(1), tlv(0x80, b"\1"), tlv(0x81, b"\1"), tlv(0x82, b"\1")),
        sequence(tlv(0x02, b"\0\1")),
        sequence(tlv(0x02, b"")),
        sequence(integer(1)) * 2,
    ],
    ids=str,
)
def test_an_accuracy_that_is_none(accuracy: Accuracy | bytes) -> None:
    """An accuracy that the specification does not have is refused, and not taken for no accuracy."""
    with pytest.raises(TimestampError):
        asn1.read_info(_info(accuracy=accuracy))


@pytest.mark.parametrize(
    ("text", "microsecond", "is_rounded"),
    [
        ("20260301123015Z", 0, False),
        ("20260301123015.5Z", 500_000, False),
        ("20260301123015.000001Z", 1, False),
        ("20260301123015.123456Z", 123_456, False),
        ("20260301123015.1234561Z", 123_456, True),
        ("20260301123015.0000000001Z", 0, True),
        ("20260301123015.9999999Z", 999_999, True),
    ],
)
def test_fractions_of_seconds(text: str, microsecond: int, is_rounded: bool) -> None:
    """What is smaller than a microsecond makes the range one wider, so that the time is always inside."""
    found = asn1.read_info(_info(gen_time=text.encode(), accuracy=None))
    assert found.time == found.earliest == MOMENT.replace(microsecond=microsecond)
    assert found.latest == found.time + timedelta(microseconds=is_rounded)


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "20260301123015", "20260301123015z", "20260301123015+0000", "20260301133015+0100",
        "20260301123015.Z", "20260301123015.0Z", "20260301123015.50Z", "20260301123015,5Z", "202603011230Z",
        "2026030112Z", "260301123015Z", "20260229123015Z", "20261301123015Z", "20260300123015Z", "20260301240000Z",
        "20260301126015Z", "20260301123060Z", "00000101000000Z", " 20260301123015Z", "20260301123015Z\0",
        "20260301123015.-5Z", "+0260301123015Z",
    ],
)  # fmt: skip
def test_a_time_that_is_none(text: str) -> None:
    """The time has seconds, no zero at the end of its fraction, and the zone Z, and is a time."""
    with pytest.raises(TimestampError):
        asn1.read_info(_info(gen_time=text.encode()))


@pytest.mark.parametrize(("text", "accuracy"), [("00010101000000Z", Accuracy(1)), ("99991231235959.9Z", Accuracy(1))])
def test_limits_beyond_all_years(text: str, accuracy: Accuracy) -> None:
    """A limit that lies outside the years that there are is malformed."""
    with pytest.raises(TimestampError):
        asn1.read_info(_info(gen_time=text.encode(), accuracy=accuracy))
    assert asn1.read_info(_info(gen_time=text.encode(), accuracy=None)).time


def test_the_time_is_a_generalized_time() -> None:
    """A UTCTime in its place is refused."""
    info = _info(accuracy=None)
    assert info.count(b"\x18\x0f20260301123015Z") == 1
    for other in (b"\x17\x0f20260301123015Z", b"\x0c\x0f20260301123015Z", b"\x38\x0f20260301123015Z"):
        with pytest.raises(TimestampError):
            asn1.read_info(info.replace(b"\x18\x0f20260301123015Z", other))


def test_extensions() -> None:
    """An extension that is unknown is no obstacle unless it is critical."""
    known = TokenExtension(critical=False)
    assert asn1.read_info(_info(extensions=(known, known._replace(oid=OTHER)))) == asn1.read_info(_info())
    for extensions in ((TokenExtension(),), (known, TokenExtension(oid=OTHER))):
        with pytest.raises(TimestampError, match=r"critical extension 1\.3\.6\.1\.4\.1\.99999\."):
            asn1.read_info(_info(extensions=extensions))


@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"\x30\x00",
        _info() + b"\0",
        _info()[:-1],
        _info(info_version=0),
        _info(info_version=2),
        _info(info_version=257),
        _info(imprint_hash="sha1"),
        _info(imprint_algorithm=sequence(oid(HASHES["md5"]), NULL)),
        _info(tsa=NULL),
        _info(ordering=True).replace(b"\x01\x01\xff", b"\x01\x01\x01"),
        _info(ordering=True).replace(b"\x01\x01\xff", b"\x21\x01\xff"),
        _info(nonce=1, accuracy=None).replace(b"15Z\x02\x01\x01", b"15Z\x03\x01\x01"),
        _info(extensions=(TokenExtension(critical=False),)).replace(b"\xa1", b"\xa2"),
    ],
    ids=range(14),
)
def test_what_is_no_tst_info(info: bytes) -> None:
    """What is not the DER of a TSTInfo of version 1 is refused (RFC 3161, section 2.4.2)."""
    with pytest.raises(TimestampError):
        asn1.read_info(info)


def test_the_name_of_the_authority() -> None:
    """The name that an authority gives itself is one of its certificate's, whatever the case of its letters."""
    leaf = CHAIN.ders[0]
    right = tlv(0xA4, name("WABBIT-networks.io").public_bytes())
    for tsa in (None, "right", right):
        assert asn1.is_by(asn1.read_info(_info(tsa=tsa)), leaf)
    for tsa in ("wrong", tlv(0x82, b"wabbit-networks.io"), tlv(0x86, b"http://wabbit-networks.io")):
        assert not asn1.is_by(asn1.read_info(_info(tsa=tsa)), leaf)


# Anything at all


_RICH: dict[str, Any] = {"ess_v1": (EssCertificate(),), "signing_time": MOMENT, "tsa": "right", "nonce": 1}


@pytest.mark.parametrize(
    ("read", "whole"),
    [
        (asn1.read_token, _token(**_RICH)),
        (asn1.read_response, make_response(_token(**_RICH))),
        (asn1.read_attributes, asn1.read_token(_token(**_RICH)).signed_attributes),
        (asn1.read_info, _info(**_RICH)),
    ],
    ids=["token", "response", "attributes", "info"],
)
def test_nothing_else_is_raised(read: Callable[[bytes], object], whole: bytes) -> None:
    """Whatever a byte is changed to, what is read is read or refused as malformed."""
    assert read(whole)
    for place in range(len(whole)):
        for spoiled in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            with suppress(NotarykitError):
                read(spoiled)
