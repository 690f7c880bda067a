"""Which certificates may be in a trust store, in folders and in memory."""

from collections.abc import Iterable

import pytest
from cryptography import x509

from notarykit.errors import TrustStoreError
from notarykit.trust.policy import StoreReference, StoreType
from notarykit.trust.store import MemoryTrustStore, trusted_certificates
from tests.support.ca import Changes, TestChain, make_chain

_CHAIN = make_chain()
_OTHER = make_chain()
_ALONE = make_chain(length=1)
_LEAF, _INTERMEDIATE, _ROOT = _CHAIN.ders
_STORE = StoreReference(StoreType.CA, "acme")
_NO_CA = ((x509.BasicConstraints(ca=False, path_length=None), True),)
# What a certificate that may not be in a store is called in the messages.
_SUBJECT = r"'CN=wabbit-networks.io,OU=Security Tools,O=wabbit-networks.io,L=Seattle,ST=WA,C=US'"


def _may_be(kind: StoreType, der: bytes) -> bool:
    try:
        return trusted_certificates(der, "root.pem", kind) == (der,)
    except TrustStoreError:
        return False


_SELF_SIGNED_LEAF = make_chain(length=1, leaf=Changes(put=_NO_CA))
_CERTIFICATES = {
    "root": _ROOT,
    "intermediate": _INTERMEDIATE,
    "leaf": _LEAF,
    "self-signed": _ALONE.ders[0],
    "self-signed and no CA": _SELF_SIGNED_LEAF.ders[0],
}


@pytest.mark.parametrize(
    ("kind", "allowed"),
    [
        (StoreType.CA, ["root", "intermediate", "self-signed", "self-signed and no CA"]),
        (StoreType.SIGNING_AUTHORITY, ["root", "intermediate", "self-signed", "self-signed and no CA"]),
        (StoreType.TSA, ["root"]),
    ],
)
def test_what_may_be_in_a_store(kind: StoreType, allowed: list[str]) -> None:
    """A trusted certificate is of a CA or self-signed, and in a tsa store it is both."""
    assert [name for name, der in _CERTIFICATES.items() if _may_be(kind, der)] == allowed


def test_the_refusal_of_a_certificate_names_file_and_subject() -> None:
    """A certificate that may not be in a store is refused by its file and its subject."""
    with pytest.raises(TrustStoreError) as caught:
        trusted_certificates(_LEAF, "leaf.pem", StoreType.CA)
    assert caught.value.message == f"leaf.pem: {_SUBJECT} is neither a CA certificate nor self-signed"
    with pytest.raises(TrustStoreError) as caught:
        trusted_certificates(_ALONE.ders[0], "alone.pem", StoreType.TSA)
    assert caught.value.message == f"alone.pem: {_SUBJECT} is not a root CA certificate, as a tsa store requires"


def _self_issued(length: int) -> TestChain:
    """A chain whose leaf names itself as its issuer, although another key signed it."""
    subject = _CHAIN.subjects[0]
    return make_chain(length=length, leaf=Changes(subject=subject, issuer=subject))


def test_self_issued_is_not_self_signed() -> None:
    """A certificate that bears its own name as its issuer's, but is not signed by its own key, is not self-signed."""
    assert not _may_be(StoreType.CA, _self_issued(2).ders[0])


@pytest.mark.parametrize("content", [_ROOT, _CHAIN.pems[2]])
def test_a_store_in_memory(content: bytes) -> None:
    """A program's own stores hold certificates in PEM or DER by type and name."""
    found = MemoryTrustStore({"ca:acme": [content, _OTHER.chain_pem[len(_OTHER.pems[0]) :]], "tsa:t": [_ROOT]})
    assert found.certificates(_STORE) == {_ROOT, *_OTHER.ders[1:]}
    assert found.certificates(StoreReference(StoreType.TSA, "t")) == {_ROOT}


@pytest.mark.parametrize(
    "store", [_STORE, StoreReference(StoreType.TSA, "acme"), StoreReference(StoreType.CA, "other")]
)
def test_an_absent_or_empty_store_in_memory(store: StoreReference) -> None:
    """A store that is not there, or has nothing in it, has no certificates."""
    contents: list[dict[str, Iterable[bytes]]] = [{}, {"ca:acme": []}, {"ca:a": [_ROOT]}]
    for content in contents:
        with pytest.raises(TrustStoreError, match=f"trust store {store} has no certificates"):
            MemoryTrustStore(content).certificates(store)


@pytest.mark.parametrize("name", ["", "acme", "ca", "ca:", "ca:..", "ca:a/b", "CA:acme", "x:acme"])
def test_malformed_names_of_stores_in_memory(name: str) -> None:
    """A store's name is checked when it is made."""
    with pytest.raises(TrustStoreError, match="is not of the form type:name") as caught:
        MemoryTrustStore({name: [_ROOT]})
    assert caught.value.advice == "such as ca:acme"


@pytest.mark.parametrize(
    ("name", "content"), [("ca:a", _LEAF), ("tsa:a", _INTERMEDIATE), ("ca:a", b"x"), ("ca:a", b"")]
)
def test_what_may_not_be_in_a_store_in_memory(name: str, content: bytes) -> None:
    """The rules for certificates are the same as for folders, and the message names the store."""
    with pytest.raises(TrustStoreError, match=f"^{name}"):
        MemoryTrustStore({name: [_ROOT, content]})


# A subject key identifier with a value that is no DER.
_MALFORMED = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.14"), b"\xff")


def test_extensions_that_do_not_count_do_not_matter() -> None:
    """A CA certificate with another extension that cannot be read is of a CA all the same."""
    chain = make_chain(cas={1: Changes(put=((_MALFORMED, False),))})
    assert _may_be(StoreType.CA, chain.ders[1])


def test_repeated_extensions_bring_the_refusal() -> None:
    """A certificate whose basic constraints occur twice is of no CA, and bringing it is no crash."""
    twice = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.20"), b"\x30\x03\x01\x01\xff")
    changes = Changes(put=((twice, False),), swap=((b"\x06\x03\x55\x1d\x14", b"\x06\x03\x55\x1d\x13"),))
    assert not _may_be(StoreType.CA, make_chain(cas={1: changes}).ders[1])
