"""Issuer checks over the parts of a certificate, which agree with the X.509 library's."""

import pytest

from notarykit.keys.certificate import is_issued, load_certificate, parts_of, why_not_issued
from notarykit.keys.der import SEQUENCE, element, elements
from tests.support.ca import Changes, make_chain, name, new_key
from tests.support.sha1 import sha1_signed

_CHAIN = make_chain()
_LEAF = _CHAIN.ders[0]
_ORGANIZATION = b"\x06\x03\x55\x04\x0a"  # its object identifier, behind which are tag and length of its text


def _decision(der: bytes, issuer: bytes) -> bool | None:
    decision = is_issued(parts_of(der), parts_of(issuer), load_certificate(issuer).public_key())
    reason = why_not_issued(load_certificate(der), load_certificate(issuer))
    assert decision is None or decision is (reason is None)
    return decision


@pytest.mark.parametrize("ca_kind", ["RSA-2048", "RSA-4096", "EC-256", "EC-384", "EC-521", "Ed25519"])
@pytest.mark.parametrize("pss", [False, True])
def test_plain_issuance_is_decided(ca_kind: str, pss: bool) -> None:
    """Names and signatures of every usual kind are decided, for the leaf and for the root's own signature."""
    chain = make_chain(ca_kind=ca_kind, leaf=Changes(pss=pss and ca_kind.startswith("RSA")))
    assert _decision(chain.ders[0], chain.ders[1]) is True
    assert _decision(chain.ders[2], chain.ders[2]) is True


@pytest.mark.parametrize("position", [30, _LEAF.rindex(_ORGANIZATION) + len(_ORGANIZATION) + 2, -1])
def test_changed_certificate_is_not_issued(position: int) -> None:
    """A changed bit in the contents or in the signature is an invalid signature, or another name."""
    changed = bytearray(_LEAF)
    changed[position] ^= 1
    assert not _decision(bytes(changed), _CHAIN.ders[1])


def test_other_key_of_the_name_did_not_issue() -> None:
    """An issuer of the right name with another key, of the same kind or of another, did not issue a certificate."""
    assert _decision(_LEAF, make_chain().ders[1]) is False
    assert _decision(_LEAF, make_chain(ca_kind="RSA-2048").ders[1]) is False
    assert _decision(make_chain(leaf=Changes(signed_by=new_key("EC-256"))).ders[0], _CHAIN.ders[1]) is False


def test_differing_names_are_not_decided() -> None:
    """Where the names differ nothing is verified, although the key is right; the other issuer check has the reason."""
    assert _decision(_LEAF, _CHAIN.ders[2]) is None
    other = make_chain(leaf=Changes(issuer=name("Another CA")), cas={1: Changes(key=_CHAIN.keys[1])})
    assert _decision(other.ders[0], _CHAIN.ders[1]) is None


def test_unusual_signatures_are_not_decided() -> None:
    """SHA-1, a salt of another length, and unused bits behind a signature are left to the X.509 library."""
    sha1 = sha1_signed(_CHAIN, 0)
    assert _decision(sha1.ders[0], sha1.ders[1]) is None
    salted = make_chain(ca_kind="RSA-2048", leaf=Changes(pss=True, salt=20))
    assert _decision(salted.ders[0], salted.ders[1]) is None
    ((_, _, content),) = elements(_LEAF)
    (_, contents, _), (_, algorithm, _), (_, _, signature) = elements(content)
    unused = element(SEQUENCE, contents + algorithm + element(0x03, b"\1" + signature[1:-1] + b"\0"))
    parts = parts_of(unused)
    assert is_issued(parts, parts_of(_CHAIN.ders[1]), _CHAIN.certificates[1].public_key()) is None


def test_differing_algorithms_are_not_decided() -> None:
    """The algorithm inside of the contents must be the one beside the signature (RFC 5280, section 4.1.1.2)."""
    rsa = make_chain(ca_kind="RSA-2048")
    parts = parts_of(rsa.ders[0])
    mixed = parts._replace(signed_algorithm=parts_of(_LEAF).algorithm)
    key = rsa.certificates[1].public_key()
    assert is_issued(parts, parts_of(rsa.ders[1]), key) is True
    assert is_issued(mixed, parts_of(rsa.ders[1]), key) is None
