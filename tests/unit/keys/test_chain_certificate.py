"""Facts about certificates that are remembered between chains: by all of their bytes, and nothing else."""

from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import CertificateError
from notarykit.keys import chain as chains
from notarykit.keys.certificate import is_issued
from notarykit.keys.chain import check_chain
from tests.support.ca import Changes, TestChain, make_chain, name, new_key

_CAS = make_chain()


def _leaf_below(cas: TestChain, **changes: Any) -> tuple[bytes, ...]:
    """A chain of a new leaf with the very certificates of these CAs."""
    keys = {place: Changes(key=cas.keys[place]) for place in range(1, len(cas.ders))}
    return (make_chain(length=len(cas.ders), leaf=Changes(**changes), cas=keys).ders[0], *cas.ders[1:])


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return a list that grows with the subject of each certificate whose signature is verified."""
    subjects: list[bytes] = []

    def watched(certificate: Any, issuer: Any, key: Any) -> bool | None:
        subjects.append(certificate.subject)
        return is_issued(certificate, issuer, key)

    monkeypatch.setattr("notarykit.keys.chain_certificate.is_issued", watched)
    return subjects


def test_links_of_known_cas_are_not_verified_again(checked: list[bytes]) -> None:
    """Below CAs that were verified, a new leaf costs the verification of its own signature alone."""
    first = make_chain()
    check_chain(first.ders)
    assert len(checked) == 3
    checked.clear()
    ders = _leaf_below(first)
    check_chain(ders)
    assert checked == [x509.load_der_x509_certificate(ders[0]).subject.public_bytes()]


def test_forged_leaf_below_known_cas_is_refused() -> None:
    """A leaf that its CA did not sign is refused, however well the CAs are known."""
    check_chain(_CAS.ders)
    with pytest.raises(CertificateError) as caught:
        check_chain(_leaf_below(_CAS, signed_by=new_key("EC-256")))
    assert caught.value.rule == "ordered_and_related"


def test_known_ca_under_another_issuer_is_refused() -> None:
    """A link is remembered for this issuer's certificate, and not for another of its name and place."""
    check_chain(_CAS.ders)
    other = make_chain()
    with pytest.raises(CertificateError) as caught:
        check_chain((*_CAS.ders[:2], other.ders[2]))
    assert caught.value.rule == "ordered_and_related"
    check_chain(_CAS.ders)


def test_root_is_known_by_all_of_its_bytes() -> None:
    """A root with a flipped bit in its signature is another certificate, which is not self-signed."""
    check_chain(_CAS.ders)
    root = _CAS.ders[2][:-1] + bytes([_CAS.ders[2][-1] ^ 1])
    for _ in range(2):  # and a refusal leaves nothing behind
        with pytest.raises(CertificateError) as caught:
            check_chain((*_CAS.ders[:2], root))
        assert caught.value.rule == "ends_with_root"


def test_known_ca_does_not_fit_every_purpose() -> None:
    """A CA that meets the requirements of code signing does not meet those of timestamping by that."""
    code = (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CODE_SIGNING]), False)
    cas = make_chain(cas={1: Changes(put=(code,))})
    check_chain(cas.ders)
    keys = {place: Changes(key=cas.keys[place]) for place in (1, 2)}
    leaf = make_chain(purpose="timestamping", cas=keys).ders[0]
    with pytest.raises(CertificateError) as caught:
        check_chain((leaf, *cas.ders[1:]), "timestamping")
    assert caught.value.rule == "extended_key_usage_allows_time_stamping"


def test_known_root_does_not_fit_every_depth() -> None:
    """A root that allows no intermediate certificates is refused above one, although it was accepted above a leaf."""
    none = (x509.BasicConstraints(ca=True, path_length=0), True)
    short = make_chain(length=2, cas={1: Changes(put=(none,))})
    check_chain(short.ders)
    long = make_chain(cas={2: Changes(key=short.keys[1], subject=name("Root CA"))})
    with pytest.raises(CertificateError) as caught:
        check_chain((*long.ders[:2], short.ders[1]))
    assert caught.value.rule == "path_length_suffices"


def test_refused_ca_is_refused_again() -> None:
    """That a CA violates a requirement is found each time, below whichever leaf."""
    cas = make_chain(cas={1: Changes(put=((x509.BasicConstraints(ca=True, path_length=None), False),))})
    for _ in range(2):
        with pytest.raises(CertificateError) as caught:
            check_chain(_leaf_below(cas))
        assert caught.value.rule == "basic_constraints_are_critical"


def test_known_leaf_is_no_ca() -> None:
    """A certificate that was accepted as a leaf is checked as a CA where it stands as one."""
    check_chain(_CAS.ders)
    below = make_chain(length=2, cas={1: Changes(key=_CAS.keys[0], subject=_CAS.subjects[0])})
    with pytest.raises(CertificateError) as caught:
        check_chain((below.ders[0], *_CAS.ders))
    assert caught.value.rule in ("is_ca", "basic_constraints_are_critical", "key_usage_is_present")


def test_memory_is_bounded() -> None:
    """However many chains are checked, the newest are remembered; large ones are not remembered at all."""
    for _ in range(150):
        check_chain(make_chain().ders)
    assert chains._remembered_ca.cache_info().currsize <= 128
    assert chains._validate_once.cache_info().currsize <= 128
    large = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(20_000)), False)
    before = chains._remembered_ca.cache_info(), chains._validate_once.cache_info()
    check_chain(make_chain(cas={2: Changes(put=(large,))}).ders)
    assert (chains._remembered_ca.cache_info(), chains._validate_once.cache_info()) == before
