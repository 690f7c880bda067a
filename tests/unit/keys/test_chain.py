"""Chains: order, links and root; validity; and chains built out of a heap."""

import random
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from notarykit.errors import CertificateError
from notarykit.keys.certificate import load_certificate, subject_of
from notarykit.keys.chain import LARGEST_CHAIN, LONGEST_CHAIN, build_chain, check_chain
from tests.support.ca import NOT_AFTER, NOT_BEFORE, SPECS, Changes, make_chain, name, new_key

_CHAIN = make_chain(length=4)
_OTHER = make_chain(length=4)
_LEAF, _LOWER, _UPPER, _ROOT = _CHAIN.ders


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_good_chain_is_accepted(spec: str, length: int) -> None:
    """Chains of every length and key spec pass, and are given back as they came."""
    made = make_chain(spec, length)
    chain = check_chain(iter(made.ders))
    assert chain.ders == made.ders
    assert chain.certificates == made.certificates
    assert chain.leaf == made.certificates[0]
    assert chain.key_spec.name == spec
    assert chain.public_key == made.leaf_key.public_key()
    assert chain.thumbprints() == tuple(sha256(der).hexdigest() for der in made.ders)


@pytest.mark.requirement(
    "signature:chain-has-a-root",
    "signature:chain-order",
    "signature:chain-has-one-root",
    "trust:complete-chain",
)
@pytest.mark.parametrize(
    ("ders", "rule", "text"),
    [
        ((), "chain_length", "chain has 0 certificates"),
        ((_LEAF,), "ends_with_root", "last certificate 'CN=wabbit-networks.io,"),
        ((_LEAF, _LOWER, _UPPER), "ends_with_root", "last certificate 'CN=Intermediate CA 2,"),
        ((_LEAF, _LOWER, _ROOT), "ordered_and_related", "intermediate certificate 1 'CN=Intermediate CA 1,"),
        ((_LEAF, _UPPER, _ROOT), "ordered_and_related", "signing certificate 'CN=wabbit-networks.io,"),
        ((_LOWER, _LEAF, _UPPER, _ROOT), "ordered_and_related", "signing certificate 'CN=Intermediate CA 1,"),
        ((_LEAF, _UPPER, _LOWER, _ROOT), "ordered_and_related", "signing certificate 'CN=wabbit-networks.io,"),
        ((_ROOT, _UPPER, _LOWER, _LEAF), "one_root", "signing certificate 'CN=Root CA,"),
        ((_LEAF, _LEAF, _LOWER, _UPPER, _ROOT), "ordered_and_related", "signing certificate"),
        ((_LEAF, _LOWER, _LOWER, _UPPER, _ROOT), "ordered_and_related", "intermediate certificate 1"),
        ((_LEAF, _LOWER, _UPPER, _ROOT, _ROOT), "one_root", "intermediate certificate 3 'CN=Root CA,"),
        ((_LEAF, _LOWER, _UPPER, _ROOT, _OTHER.ders[3]), "one_root", "intermediate certificate 3 'CN=Root CA,"),
        ((_LEAF, _LOWER, _UPPER, _OTHER.ders[3]), "ordered_and_related", "intermediate certificate 2"),
        ((_OTHER.ders[0], _LOWER, _UPPER, _ROOT), "ordered_and_related", "signing certificate"),
        ((_LEAF, _LOWER, _UPPER, _ROOT, _OTHER.ders[0]), "one_root", "intermediate certificate 3 'CN=Root CA,"),
        ((_LEAF,) * (LONGEST_CHAIN + 1), "chain_length", f"chain has {LONGEST_CHAIN + 1} certificates"),
        ((b"", _LOWER), "certificate_parses", "signing certificate is not an X.509 certificate"),
        ((_LEAF, b"x"), "certificate_parses", "root certificate is not an X.509 certificate"),
        ((_LEAF + b"\0", _LOWER, _UPPER, _ROOT), "certificate_parses", "signing certificate"),
        ((_LEAF[:-1], _LOWER, _UPPER, _ROOT), "certificate_parses", "signing certificate"),
        ((_CHAIN.pems[0], _LOWER, _UPPER, _ROOT), "certificate_parses", "signing certificate"),
    ],
)
def test_chain_out_of_order_is_refused(ders: tuple[bytes, ...], rule: str, text: str) -> None:
    """What is missing, doubled, out of order, unrelated or beyond the root is refused by its rule and its place."""
    with pytest.raises(CertificateError) as caught:
        check_chain(ders)
    error = caught.value
    assert error.rule == rule
    assert text in error.message
    assert "\n" not in error.one_line()


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_invalid_signature_is_refused(place: int) -> None:
    """A certificate with a flipped bit in its signature is not of the chain."""
    ders = list(_CHAIN.ders)
    ders[place] = ders[place][:-1] + bytes((ders[place][-1] ^ 1,))
    with pytest.raises(CertificateError) as caught:
        check_chain(ders)
    assert caught.value.rule == ("ends_with_root" if place == 3 else "ordered_and_related")


@pytest.mark.requirement("signature:chain-order")
def test_link_needs_name_and_key() -> None:
    """The right key under another name is no link, and neither is the right name with another key."""
    wrong_name = make_chain(leaf=Changes(issuer=name("Somebody Else")))
    with pytest.raises(CertificateError) as caught:
        check_chain(wrong_name.ders)
    assert caught.value.rule == "ordered_and_related"
    wrong_key = make_chain(leaf=Changes(signed_by=new_key("EC-256")))
    with pytest.raises(CertificateError) as caught:
        check_chain(wrong_key.ders)
    error = caught.value
    assert error.rule == "ordered_and_related"
    assert "signature does not hold under that key" in error.message
    assert error.advice


def test_self_issued_root_of_another_key_is_refused() -> None:
    """A root that gives its own name as its issuer but is signed by another key is no root."""
    chain = make_chain(cas={2: Changes(signed_by=new_key("EC-256"))})
    with pytest.raises(CertificateError) as caught:
        check_chain(chain.ders)
    assert caught.value.rule == "ends_with_root"


@pytest.mark.requirement("signature:chain-has-a-root")
def test_single_certificate_of_another_ca_is_refused() -> None:
    """A chain of one certificate is self-signed or refused."""
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(length=1, leaf=Changes(issuer=name("Root CA"))).ders)
    error = caught.value
    assert error.rule == "ends_with_root"
    assert "up to the root" in error.advice


def test_longest_chain_is_accepted() -> None:
    """A chain of exactly the greatest length passes."""
    assert len(check_chain(make_chain(length=LONGEST_CHAIN).ders).ders) == LONGEST_CHAIN


@pytest.mark.parametrize(
    ("subject", "old", "new"),
    [
        ("wab-XXXX-net", b"\x0c\x0cwab-", b"\x1e\x0bwab-"),
        ("wab-XXXX-net", b"\x0c\x0cwab-", b"\x13\x0cwa*-"),
        ("wab", b"\x13\x02US", b"\x13\x02\xff\xff"),
    ],
)
def test_malformed_subject_is_refused(subject: str, old: bytes, new: bytes) -> None:
    """A certificate whose subject is not of the form of a name cannot be read, also if its signature holds."""
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(subject=name(subject), leaf=Changes(swap=((old, new),))).ders)
    error = caught.value
    assert error.rule == "certificate_parses"


def test_subject_without_text_is_accepted() -> None:
    """Names are none of the chain's rules: one that is not UTF-8 is named so in messages."""
    leaf = Changes(swap=((b"XXXX", b"\xff\xfe\xff\xfe"),))
    chain = check_chain(make_chain(subject=name("wab-XXXX-net"), leaf=leaf).ders)
    assert subject_of(chain.leaf) == "(a name that cannot be read)"
    assert "cannot be read" in str(chain.outside_validity(datetime(2000, 1, 1, tzinfo=UTC)))


def test_unknown_version_is_refused() -> None:
    """A certificate of a version that does not exist is refused as one that cannot be read."""
    leaf = Changes(swap=((b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x03"),))
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(leaf=leaf).ders)
    assert caught.value.rule == "certificate_parses"


def test_chain_size_is_limited() -> None:
    """A chain of more bytes than honest ones ever have is refused before it is read."""
    padding = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"x" * LARGEST_CHAIN)
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(leaf=Changes(put=((padding, False),))).ders)
    assert caught.value.rule == "chain_size"


def test_malformed_issuer_is_refused() -> None:
    """A certificate whose issuer cannot be read was issued by none that can be."""
    leaf = Changes(issuer=name("iss-XXXX-uer"), swap=((b"XXXX", b"\xff\xfe\xff\xfe"),))
    with pytest.raises(CertificateError) as caught:
        check_chain(make_chain(leaf=leaf).ders)
    assert caught.value.rule == "ordered_and_related"


def test_load_certificate_names_the_role() -> None:
    """A single certificate is loaded, or refused under the name that it is given."""
    assert load_certificate(_LEAF) == _CHAIN.certificates[0]
    with pytest.raises(CertificateError, match=r"^number 3 is not an X\.509 certificate in DER") as caught:
        load_certificate(b"\x30\x00", "number 3")
    assert caught.value.rule == "certificate_parses"


def test_validity_includes_its_bounds() -> None:
    """A chain is valid from its first second to its last, both included."""
    chain = check_chain(_CHAIN.ders)
    second = timedelta(seconds=1)
    assert chain.outside_validity(NOT_BEFORE) is None
    assert chain.outside_validity(NOT_AFTER) is None
    assert chain.outside_validity(datetime.now(UTC)) is None
    before, after = chain.outside_validity(NOT_BEFORE - second), chain.outside_validity(NOT_AFTER + second)
    assert before is not None
    assert after is not None
    assert before.startswith("signing certificate 'CN=wabbit-networks.io,")
    assert before.endswith(f"is not valid before {NOT_BEFORE:%Y-%m-%dT%H:%M:%SZ}")
    assert after.endswith(f"expired on {NOT_AFTER:%Y-%m-%dT%H:%M:%SZ}")


@pytest.mark.parametrize(("place", "named"), [(0, "signing certificate"), (1, "intermediate"), (2, "root")])
def test_validity_is_that_of_every_certificate(place: int, named: str) -> None:
    """A chain is not valid when one of its certificates is not, and that one is named."""
    short = Changes(not_after=NOT_BEFORE + timedelta(days=1))
    made = make_chain(leaf=Changes() if place else short, cas={place: short})
    problem = check_chain(made.ders).outside_validity(datetime.now(UTC))
    assert problem is not None
    assert problem.startswith(named)


@pytest.mark.requirement("signature:validity-need-not-be-nested")
def test_validity_need_not_be_nested() -> None:
    """A leaf may be valid longer than its issuer: nesting is not looked at."""
    made = make_chain(not_after=NOT_BEFORE + timedelta(days=60), leaf=Changes(not_after=NOT_AFTER))
    assert check_chain(made.ders).outside_validity(datetime.now(UTC)) is None


def test_expired_chain_is_well_formed() -> None:
    """The rules do not look at the time."""
    past = datetime(2001, 1, 1, tzinfo=UTC)
    assert check_chain(make_chain(not_before=past, not_after=past + timedelta(days=1)).ders)


def test_cache_separates_purposes() -> None:
    """A chain that passed for one purpose does not pass for the other because of that."""
    chain = make_chain()
    for _ in range(2):
        assert check_chain(chain.ders)
        with pytest.raises(CertificateError):
            check_chain(chain.ders, "timestamping")


@pytest.mark.parametrize("length", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_chain_is_built_from_certificates_in_any_order(length: int, seed: int) -> None:
    """Out of certificates in any order, doubled and unrelated ones among them, comes the key's chain."""
    made = make_chain(length=length)
    heap = [*made.ders, *_OTHER.ders, made.ders[0], made.ders[-1]]
    random.Random(seed).shuffle(heap)
    assert build_chain(made.leaf_key.public_key(), heap) == made.ders


def test_renewed_certificate_with_longest_validity_is_chosen() -> None:
    """Of a certificate and its renewal with the same key, the one that is valid longest is taken."""
    key, root_key = new_key("EC-256"), new_key("EC-256")
    old_root, new_root = Changes(key=root_key, not_after=NOT_BEFORE + timedelta(days=90)), Changes(key=root_key)
    old = make_chain(length=2, leaf=Changes(key=key, not_after=NOT_BEFORE + timedelta(days=60)), cas={1: old_root})
    new = make_chain(length=2, leaf=Changes(key=key), cas={1: new_root})
    for heap in ([*old.ders, *new.ders], [*new.ders, *old.ders]):
        assert build_chain(key.public_key(), heap) == new.ders


@pytest.mark.parametrize(
    ("heap", "rule"),
    [
        ([], "certificate_of_key"),
        (list(_OTHER.ders), "certificate_of_key"),
        ([_LOWER, _UPPER, _ROOT], "certificate_of_key"),
        ([_LEAF], "ends_with_root"),
        ([_LEAF, _LOWER, _UPPER], "ends_with_root"),
        ([_LEAF, _UPPER, _ROOT], "ends_with_root"),
        ([_LEAF, *_OTHER.ders], "ends_with_root"),
        ([_LEAF, b"x"], "certificate_parses"),
    ],
)
def test_building_an_incomplete_chain_is_refused(heap: list[bytes], rule: str) -> None:
    """Without the key's certificate, or with a gap up to the root, nothing is built."""
    with pytest.raises(CertificateError) as caught:
        build_chain(_CHAIN.leaf_key.public_key(), heap)
    assert caught.value.rule == rule


def test_building_ends_in_a_circle_of_issuers() -> None:
    """Two CAs that issued each other lead to no root, and the search ends."""
    one, two = new_key("EC-256"), new_key("EC-256")
    first, second = name("One"), name("Two")
    chain = make_chain(length=2, cas={1: Changes(key=one, subject=first, issuer=second, signed_by=two)})
    back = make_chain(length=1, leaf=Changes(key=two, subject=second, issuer=first, signed_by=one))
    with pytest.raises(CertificateError) as caught:
        build_chain(chain.leaf_key.public_key(), [*chain.ders, *back.ders])
    assert caught.value.rule == "ends_with_root"


def test_building_passes_over_unsupported_keys() -> None:
    """A certificate with a key of an unknown kind in the heap is another's."""
    swap = ((bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")),)
    strange = make_chain(leaf=Changes(swap=swap)).ders[0]
    assert build_chain(_CHAIN.leaf_key.public_key(), [strange, *_CHAIN.ders]) == _CHAIN.ders


_UTF8, _PRINTABLE = (
    x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "US"), x509.NameAttribute(NameOID.COMMON_NAME, "Root", kind)])
    for kind in (_ASN1Type.UTF8String, _ASN1Type.PrintableString)
)


def test_issuer_name_in_another_string_type_links() -> None:
    """A name that reads the same in other bytes is another name, and the error says that this is what is wrong."""
    chain = make_chain(length=2, leaf=Changes(issuer=_PRINTABLE), cas={1: Changes(subject=_UTF8)})
    with pytest.raises(CertificateError, match="in another string type") as caught:
        check_chain(chain.ders)
    assert (caught.value.rule, "issued again" in caught.value.advice) == ("ordered_and_related", True)
    with pytest.raises(CertificateError, match="a CA with that name, but in another string type") as caught:
        build_chain(chain.leaf_key.public_key(), chain.ders)
    assert "issued again" in caught.value.advice
    other = make_chain(length=2, cas={1: Changes(subject=_UTF8)})
    with pytest.raises(CertificateError) as caught:
        build_chain(chain.leaf_key.public_key(), (chain.ders[0], make_chain().ders[-1]))
    assert "string type" not in caught.value.message
    assert check_chain(other.ders)
