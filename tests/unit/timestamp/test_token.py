"""Verification of timestamp tokens."""

from datetime import datetime
from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import CertificateError, NotarykitError, TimestampError
from notarykit.keys.chain import check_chain
from notarykit.timestamp.token import Timestamp, verify_token
from tests.support.asn1 import integer
from tests.support.ca import SPECS, Changes, TestChain, key_usage, make_chain, name, new_key
from tests.support.token_changes import (
    DATA,
    POLICY,
    SIGNING_CERTIFICATE_V2,
    Accuracy,
    EssCertificate,
    TokenChanges,
    TokenExtension,
)
from tests.support.tokens import make_token
from tests.unit.timestamp.verified import CHAIN, END, MESSAGE, MOMENT, OTHER, RSA, SECOND, START, tsa_chain, verified


def _names(value: object) -> str | None:
    """Returns the test identifier of changes, the same in each run."""
    return "-".join(value) if isinstance(value, dict) else None


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("short", ["sha256", "sha384", "sha512"])
def test_good_token_is_verified(spec: str, short: str) -> None:
    """A token by each kind of key, with each hash, is verified."""
    chain = tsa_chain(spec)
    timestamp = verified(
        chain, imprint_hash=short, digest_algorithm=short, ess_v2=(EssCertificate(short),), nonce=77, serial=4
    )
    assert timestamp._replace(chain=check_chain(chain.ders, "timestamping")) == Timestamp(
        MOMENT,
        MOMENT - SECOND,
        MOMENT + SECOND,
        POLICY,
        4,
        f"SHA-{short[3:]}",
        77,
        timestamp.chain,
    )
    assert timestamp.chain.ders == chain.ders


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
def test_honest_variants_are_accepted(changes: dict[str, Any]) -> None:
    """The variants that honest authorities produce are accepted."""
    assert verified(RSA, **changes).time == MOMENT


@pytest.mark.requirement("trust:timestamp-imprint", "trust:timestamp-token")
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
def test_wrong_token_is_refused(changes: dict[str, Any], message: str) -> None:
    """Each fault is refused with its own message."""
    with pytest.raises(TimestampError, match=message):
        verified(RSA, **changes)


@pytest.mark.parametrize("time", [START, END])
def test_bounds_of_the_authoritys_validity_are_inclusive(time: datetime) -> None:
    """The first and the last moment of the authority's validity belong to it."""
    assert verified(gen_time=time, accuracy=None, signing_time=time).time == time


def test_accuracy_may_exceed_the_authoritys_validity() -> None:
    """The time itself, not its limits, lies within the authority's validity."""
    assert verified(gen_time=END, accuracy=Accuracy(60)).latest == END + 60 * SECOND


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
def test_every_certificate_must_be_valid_at_the_time(place: int, dates: dict[str, datetime], is_good: bool) -> None:
    """Each certificate of the authority's chain is valid at the time, bounds included, not necessarily now."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    chain = tsa_chain(leaf=changed) if place == 0 else tsa_chain(cas={place: changed})
    if is_good:
        assert verified(chain).time == MOMENT
        return
    with pytest.raises(TimestampError, match="at the time of the timestamp"):
        verified(chain)


@pytest.mark.requirement(
    "signature:certificates-are-checked-twice",
    "trust:timestamp-certificate",
    "workflow:timestamp-requirements",
)
@pytest.mark.parametrize(
    ("chain", "rule"),
    [
        (make_chain(not_before=START), "extended_key_usage_is_time_stamping"),
        (tsa_chain(leaf=Changes(put=((key_usage("digital_signature", "crl_sign"), True),))), "has_no_other_key_usage"),
        (tsa_chain(leaf=Changes(put=((key_usage("content_commitment"), True),))), "may_sign"),
        (tsa_chain(cas={1: Changes(put=((key_usage("crl_sign"), True),))}), "may_sign_certificates"),
        (tsa_chain("EC-224"), "key_is_supported"),
    ],
)
def test_chain_must_meet_the_requirements(chain: TestChain, rule: str) -> None:
    """A broken certificate requirement is named by its rule."""
    with pytest.raises(CertificateError) as caught:
        verified(chain)
    assert caught.value.rule == rule


def test_one_trusted_root_suffices() -> None:
    """The number and order of the roots are irrelevant, and the token may omit its root."""
    for roots in ([OTHER.ders[2], CHAIN.ders[2]], [CHAIN.ders[2], OTHER.ders[2]], iter([CHAIN.ders[2], RSA.ders[2]])):
        assert verified(roots=roots, certificates="without root").chain.ders == CHAIN.ders


@pytest.mark.requirement("trust:timestamp-certificate")
def test_root_in_the_token_is_not_trusted() -> None:
    """A root that comes with the token alone is not trusted."""
    with pytest.raises(TimestampError, match="does not lead to a trusted root") as caught:
        verified(roots=OTHER.ders[-1:], extra_certificates=OTHER.ders)
    assert "tsa trust store" in caught.value.advice


def test_intermediate_certificate_is_no_trust_anchor() -> None:
    """Trusting a certificate below the root does not suffice."""
    with pytest.raises(NotarykitError):
        verified(roots=CHAIN.ders[1:2])


def test_self_signed_authority_must_be_trusted() -> None:
    """A self-signed authority is accepted if it is trusted itself."""
    alone = tsa_chain(length=1)
    assert verified(alone).chain.ders == alone.ders
    with pytest.raises(TimestampError, match="does not lead to a trusted root"):
        verified(alone, roots=CHAIN.ders[-1:])


def test_valid_path_is_found_beside_an_expired_one() -> None:
    """Of two certificates of the same CA, the path through the valid one is taken."""
    key = new_key("EC-256")
    usual = tsa_chain(cas={1: Changes(key=key)})
    old = make_chain(
        purpose="timestamping",
        not_before=START,
        not_after=END,
        cas={1: Changes(key=key, not_after=MOMENT - SECOND), 2: Changes(key=usual.keys[2])},
    )
    both = (usual.ders[0], old.ders[1], usual.ders[1])
    for certificates in (both, both[::-1]):
        timestamp = verified(usual, certificates=certificates, certificates_as_given=True)
        assert timestamp.chain.ders == usual.ders
    with pytest.raises(TimestampError, match="expired on"):
        verified(usual, certificates=both[:2])


def test_unrelated_malformed_certificate_is_ignored() -> None:
    """A malformed certificate outside the path is ignored."""
    unreadable = make_chain(length=1, leaf=Changes(swap=((b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"),))).ders
    assert verified(extra_certificates=unreadable).time == MOMENT


def test_malformed_authority_certificate_is_refused() -> None:
    """A malformed certificate of the authority itself is refused."""
    chain = tsa_chain(leaf=Changes(swap=((b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"),)))
    with pytest.raises(NotarykitError):
        verify_token(
            make_token(MESSAGE, CHAIN, TokenChanges(certificates=chain.ders, signer_id_of=CHAIN.ders[0])),
            MESSAGE,
            CHAIN.ders[-1:],
        )


def test_ambiguous_signer_is_refused() -> None:
    """Two certificates with the signer's issuer and serial number are refused."""
    serial = integer(CHAIN.certificates[0].serial_number)
    twins = (tsa_chain() for _ in range(100))
    ders = ((twin.ders[0], integer(twin.certificates[0].serial_number)) for twin in twins)
    forged = next(der.replace(other, serial) for der, other in ders if len(other) == len(serial))
    with pytest.raises(TimestampError, match="several certificates"):
        verified(extra_certificates=(forged,))


def test_authority_may_use_an_alternative_name() -> None:
    """The tsa name may be any name of the certificate."""
    names = x509.SubjectAlternativeName([x509.DNSName("tsa.example.com"), x509.DirectoryName(name("The TSA"))])
    chain = tsa_chain(leaf=Changes(put=((names, False),)))
    assert verified(chain, tsa=b"\x82\x0ftsa.example.com").time
    assert verified(chain, tsa="right").time
    with pytest.raises(TimestampError, match="does not name"):
        verified(chain, tsa=b"\x82\x0ftsa.example.org")
