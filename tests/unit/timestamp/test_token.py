"""Tokens, verified: about what, by whom, and when; whatever is wrong is found out."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import CertificateError, NotarykitError, TimestampError
from notarykit.keys.chain import check_chain
from notarykit.timestamp.token import Timestamp, check_covers, verify_token
from tests.support.asn1 import integer, oid
from tests.support.ca import SPECS, Changes, TestChain, key_usage, make_chain, name, new_key
from tests.support.tokens import (
    DATA,
    POLICY,
    SIGNING_CERTIFICATE_V2,
    TST_INFO,
    Accuracy,
    EssCertificate,
    TokenChanges,
    TokenExtension,
    make_token,
)

MESSAGE = b"a signature"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# As it stands before the content.
_TYPE_OF_CONTENT = oid(TST_INFO)


def _chain(spec: str = "EC-256", **changes: Any) -> TestChain:
    return make_chain(spec, **{"purpose": "timestamping", "not_before": START, "not_after": END, **changes})


CHAIN, RSA, OTHER = _chain(), _chain("RSA-2048"), _chain()


def _verified(
    chain: TestChain = CHAIN, *, roots: Iterable[bytes] | None = None, message: bytes = MESSAGE, **changes: Any
) -> Timestamp:
    token = make_token(MESSAGE, chain, TokenChanges(**{"gen_time": MOMENT, **changes}))
    return verify_token(token, message, chain.ders[-1:] if roots is None else roots)


def _names(value: object) -> str | None:
    """The identifier of changes, which is the same in each run."""
    return "-".join(value) if isinstance(value, dict) else None


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("short", ["sha256", "sha384", "sha512"])
def test_a_good_token(spec: str, short: str) -> None:
    """A token by each kind of key with each hash says when, under which policy, and who said so."""
    chain = _chain(spec)
    found = _verified(
        chain, imprint_hash=short, digest_algorithm=short, ess_v2=(EssCertificate(short),), nonce=77, serial=4
    )
    assert found._replace(chain=check_chain(chain.ders, "timestamping")) == Timestamp(
        MOMENT,
        MOMENT - SECOND,
        MOMENT + SECOND,
        POLICY,
        4,
        f"SHA-{short[3:]}",
        77,
        found.chain,
    )
    assert found.chain.ders == chain.ders


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": "rsaEncryption"},
        {"signature": "pss"},
        {"signature": "pss", "digest_algorithm": "sha512"},
        {"accuracy": None},
        {"tsa": "right"},
        {"extensions": (TokenExtension(critical=False),)},
        {"ess_v2": (EssCertificate(issuer_serial=None),)},
        {"ess_v2": tuple(EssCertificate(place=place) for place in range(3))},
        {"ess_v1": (EssCertificate(),)},
        {"signing_time": MOMENT},
        {"certificates": "without root"},
        {"certificates_as_given": True},
        {"extra_certificates": OTHER.ders},
        {"listed_algorithms": ("sha1", "sha256", "sha512")},
        {"unsigned_attributes": ((DATA, b"\x05\x00"),)},
        {"indefinite": True, "content_in_parts": True},
    ],
    ids=_names,
)
def test_what_honest_tokens_are_like(changes: dict[str, Any]) -> None:
    """Whatever authorities do differently from each other is good."""
    assert _verified(RSA, **changes).time == MOMENT


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"imprint": b"\1" * 32}, "for another signature"),
        ({"imprint": b""}, "for another signature"),
        ({"message": b"another"}, "for another signature"),
        ({"message_digest": b"\1" * 32}, "message-digest is not the content's"),
        ({"content_type_attribute": DATA}, "content-type is not that of a TSTInfo"),
        ({"corrupt_signature": True}, "the signature does not hold"),
        ({"key": new_key("RSA-2048", 7)}, "the signature does not hold"),
        ({"key": new_key("EC-256")}, "not one for ECDSA"),
        ({"signer_id_of": RSA.ders[1]}, "not one for RSA"),
        ({"signer_id_of": OTHER.ders[0]}, "does not come with its signer's certificate"),
        ({"certificates": None}, "does not come with its signer's certificate"),
        ({"certificates": RSA.ders[1:]}, "does not come with its signer's certificate"),
        ({"certificates": "leaf"}, "does not lead to a trusted root"),
        ({"certificates": (RSA.ders[0], RSA.ders[2])}, "does not lead to a trusted root"),
        ({"ess_v2": None}, "signing-certificate-v2 is absent"),
        ({"ess_v2": None, "ess_v1": (EssCertificate(),)}, "signing-certificate-v2 is absent"),
        ({"ess_v2": (EssCertificate(place=1),)}, "not about the signer's certificate"),
        ({"ess_v2": (EssCertificate(place=1), EssCertificate())}, "not about the signer's certificate"),
        ({"ess_v2": (EssCertificate(digest=b"\1" * 32),)}, "not about the signer's certificate"),
        ({"ess_v2": (EssCertificate(digest=b""),)}, "not about the signer's certificate"),
        ({"ess_v2": (EssCertificate(issuer_serial="wrong serial"),)}, "not about the signer's certificate"),
        ({"ess_v2": (EssCertificate(issuer_serial="wrong issuer"),)}, "not about the signer's certificate"),
        ({"ess_v1": (EssCertificate(place=1),)}, "not about the signer's certificate"),
        ({"ess_v1": (EssCertificate(digest=b"\1" * 20),)}, "not about the signer's certificate"),
        ({"ess_v1": (EssCertificate(issuer_serial="wrong serial"),)}, "not about the signer's certificate"),
        ({"tsa": "wrong"}, "names an authority that its signer's certificate does not name"),
        ({"signature": "pss", "salt": 20}, "not supported"),
        ({"without": (SIGNING_CERTIFICATE_V2,)}, "signing-certificate-v2 is absent"),
        ({"roots": OTHER.ders[-1:]}, "does not lead to a trusted root"),
        ({"roots": ()}, "does not lead to a trusted root"),
        ({"gen_time": START - SECOND}, "at the time of the timestamp, .*is not valid before"),
        ({"gen_time": END + SECOND}, "at the time of the timestamp, .*expired on"),
        ({"gen_time": b"20400101000000.1Z"}, "at the time of the timestamp, .*expired on"),
        ({"signing_time": START - SECOND}, "at the token's signing-time, .*is not valid before"),
        ({"signing_time": END + SECOND}, "at the token's signing-time, .*expired on"),
    ],
    ids=_names,
)
def test_what_is_wrong_is_told(changes: dict[str, Any], message: str) -> None:
    """Each thing that can be wrong is found out and named."""
    with pytest.raises(TimestampError, match=message):
        _verified(RSA, **changes)


@pytest.mark.parametrize("time", [START, END])
def test_the_authority_is_valid_at_both_ends(time: datetime) -> None:
    """The first and the last moment of the authority's validity belong to it."""
    assert _verified(gen_time=time, accuracy=None, signing_time=time).time == time


def test_the_authority_need_not_be_valid_at_the_limits() -> None:
    """Where the accuracy leads beyond the authority's validity, the time itself is what counts."""
    assert _verified(gen_time=END, accuracy=Accuracy(60)).latest == END + 60 * SECOND


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("dates", "is_good"),
    [
        ({"not_after": MOMENT}, True),
        ({"not_after": MOMENT - SECOND}, False),
        ({"not_before": MOMENT}, True),
        ({"not_before": MOMENT + SECOND}, False),
    ],
)
def test_every_certificate_is_valid_at_the_time(place: int, dates: dict[str, datetime], is_good: bool) -> None:
    """Each certificate of the authority's chain counts, bounds included; that it has expired since does not matter."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    chain = _chain(leaf=changed) if place == 0 else _chain(cas={place: changed})
    if is_good:
        assert _verified(chain).time == MOMENT
        return
    with pytest.raises(TimestampError, match="at the time of the timestamp"):
        _verified(chain)


@pytest.mark.parametrize(
    ("chain", "rule"),
    [
        (make_chain(not_before=START), "extended_key_usage_is_time_stamping"),
        (_chain(leaf=Changes(put=((key_usage("digital_signature", "crl_sign"), True),))), "has_no_other_key_usage"),
        (_chain(leaf=Changes(put=((key_usage("content_commitment"), True),))), "may_sign"),
        (_chain(cas={1: Changes(put=((key_usage("crl_sign"), True),))}), "may_sign_certificates"),
        (_chain("EC-224"), "key_is_supported"),
    ],
)
def test_the_chain_keeps_the_rules_for_authorities(chain: TestChain, rule: str) -> None:
    """A certificate of an authority that breaks a rule is named by it."""
    with pytest.raises(CertificateError) as caught:
        _verified(chain)
    assert caught.value.rule == rule


def test_one_of_several_roots_suffices() -> None:
    """It does not matter how many roots are trusted, in which order, or whether the root is in the token."""
    for roots in ([OTHER.ders[2], CHAIN.ders[2]], [CHAIN.ders[2], OTHER.ders[2]], iter([CHAIN.ders[2], RSA.ders[2]])):
        assert _verified(roots=roots, certificates="without root").chain.ders == CHAIN.ders


def test_a_root_in_the_token_is_not_trusted_for_that() -> None:
    """What comes with a token is nobody's root."""
    with pytest.raises(TimestampError, match="does not lead to a trusted root") as caught:
        _verified(roots=OTHER.ders[-1:], extra_certificates=OTHER.ders)
    assert "tsa trust store" in caught.value.advice


def test_an_intermediate_certificate_is_no_root() -> None:
    """A chain has to end with a root, so that trusting a certificate below it does not suffice."""
    with pytest.raises(NotarykitError):
        _verified(roots=CHAIN.ders[1:2])


def test_an_authority_that_is_its_own_root() -> None:
    """A self-signed authority is good if it is trusted itself."""
    alone = _chain(length=1)
    assert _verified(alone).chain.ders == alone.ders
    with pytest.raises(TimestampError, match="does not lead to a trusted root"):
        _verified(alone, roots=CHAIN.ders[-1:])


def test_a_way_that_is_good_is_found() -> None:
    """With two certificates of the same CA, of which one had expired, the other one's way is taken."""
    key = new_key("EC-256")
    usual = _chain(cas={1: Changes(key=key)})
    old = make_chain(
        purpose="timestamping",
        not_before=START,
        not_after=END,
        cas={1: Changes(key=key, not_after=MOMENT - SECOND), 2: Changes(key=usual.keys[2])},
    )
    both = (usual.ders[0], old.ders[1], usual.ders[1])
    for certificates in (both, both[::-1]):
        found = _verified(usual, certificates=certificates, certificates_as_given=True)
        assert found.chain.ders == usual.ders
    with pytest.raises(TimestampError, match="expired on"):
        _verified(usual, certificates=both[:2])


def test_a_certificate_that_cannot_be_read_is_no_obstacle() -> None:
    """What comes along and cannot be read does not matter where nothing depends on it."""
    unreadable = make_chain(length=1, leaf=Changes(swap=((b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"),))).ders
    assert _verified(extra_certificates=unreadable).time == MOMENT


def test_an_authority_that_cannot_be_read() -> None:
    """Where it is the authority's own certificate, it is refused as such."""
    chain = _chain(leaf=Changes(swap=((b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"),)))
    with pytest.raises(NotarykitError):
        verify_token(
            make_token(MESSAGE, CHAIN, TokenChanges(certificates=chain.ders, signer_id_of=CHAIN.ders[0])),
            MESSAGE,
            CHAIN.ders[-1:],
        )


def test_two_certificates_under_one_number() -> None:
    """Where two certificates have the signer's issuer and serial number, nobody knows who signed."""
    serial = integer(CHAIN.certificates[0].serial_number)
    twins = (_chain() for _ in range(100))
    ders = ((twin.ders[0], integer(twin.certificates[0].serial_number)) for twin in twins)
    forged = next(der.replace(other, serial) for der, other in ders if len(other) == len(serial))
    with pytest.raises(TimestampError, match="several certificates"):
        _verified(extra_certificates=(forged,))


def test_a_name_among_the_other_names() -> None:
    """An authority may name itself by any name that its certificate has."""
    names = x509.SubjectAlternativeName([x509.DNSName("tsa.example.com"), x509.DirectoryName(name("The TSA"))])
    chain = _chain(leaf=Changes(put=((names, False),)))
    assert _verified(chain, tsa=b"\x82\x0ftsa.example.com").time
    assert _verified(chain, tsa="right").time
    with pytest.raises(TimestampError, match="does not name"):
        _verified(chain, tsa=b"\x82\x0ftsa.example.org")


# The signer's chain


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ({"not_before": MOMENT - SECOND}, None),
        ({"not_before": MOMENT}, r"at 2026-03-01T12:30:14Z, .*is not valid before 2026-03-01T12:30:15Z"),
        ({"not_after": MOMENT + SECOND}, None),
        ({"not_after": MOMENT}, r"at 2026-03-01T12:30:16Z, .*expired on 2026-03-01T12:30:15Z"),
    ],
)
def test_the_whole_range_is_within_the_signers_validity(
    place: int, dates: dict[str, datetime], message: str | None
) -> None:
    """Both limits count, for each certificate of the signer's chain, and the bounds belong to the validity."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    made = make_chain(
        not_before=START,
        not_after=END,
        leaf=changed if place == 0 else Changes(),
        cas={place: changed} if place else None,
    )
    signer = check_chain(made.ders)
    if message is None:
        check_covers(_verified(), signer)
        return
    with pytest.raises(TimestampError, match=message):
        check_covers(_verified(), signer)


def test_a_fraction_beyond_the_end() -> None:
    """A fraction of a second that is too small to be kept is still beyond the end."""
    signer = check_chain(make_chain(not_before=START, not_after=MOMENT).ders)
    check_covers(_verified(accuracy=None), signer)
    with pytest.raises(TimestampError, match="expired on"):
        check_covers(_verified(accuracy=None, gen_time=b"20260301123015.00000001Z"), signer)
    with pytest.raises(TimestampError, match="expired on"):
        check_covers(_verified(accuracy=Accuracy(micros=1)), signer)


# Anything at all


@pytest.mark.parametrize("token", [b"", b"\0", b"\x30\x00", b"\x30\x80", b"garbage", b"\x30\x80" * 5000], ids=range(6))
def test_garbage(token: bytes) -> None:
    """What is no token is refused as one."""
    with pytest.raises(TimestampError):
        verify_token(token, MESSAGE, CHAIN.ders[-1:])


def test_what_is_signed_cannot_be_changed() -> None:
    """No byte of the content, of the signed attributes or of the signature can be changed."""
    token = make_token(MESSAGE, RSA, TokenChanges(gen_time=MOMENT, certificates_as_given=True))
    content_start = token.index(b"\x04", token.index(_TYPE_OF_CONTENT))
    content_end = token.index(RSA.ders[0])
    attributes_start = token.index(b"\xa0", token.index(RSA.ders[2]) + len(RSA.ders[2]))
    places = [*range(content_start, content_end - 5), *range(attributes_start, len(token))]
    for place in places:
        spoiled = token[:place] + bytes([token[place] ^ 0x01]) + token[place + 1 :]
        with pytest.raises(NotarykitError):
            verify_token(spoiled, MESSAGE, RSA.ders[-1:])


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_nothing_else_is_raised() -> None:
    """Tokens with a few wrong bytes anywhere are verified or refused, and nothing else."""
    chosen = random.Random(3161)
    token = make_token(MESSAGE, CHAIN, TokenChanges(gen_time=MOMENT, ess_v1=(EssCertificate(),), tsa="right"))
    refused = 0
    for _ in range(1500):
        spoiled = bytearray(token)
        for _ in range(chosen.choice((1, 1, 2, 5))):
            spoiled[chosen.randrange(len(spoiled))] = chosen.randrange(256)
        try:
            found = verify_token(bytes(spoiled), MESSAGE, CHAIN.ders[-1:])
        except NotarykitError:
            refused += 1
        else:
            assert (found.time, found.chain.ders[0]) == (MOMENT, CHAIN.ders[0])
    assert refused > 1000
