"""Storage of certificates on a token."""

import pytest
from cryptography import x509

from notarykit_pkcs11.token.certificate_store import _ca_id_and_label
from tests.support.ca import Changes, make_chain


@pytest.mark.parametrize("own", [b"\1" * 20, b"\2" * 32, None])
def test_ca_id_is_its_subject_key_identifier(own: bytes | None) -> None:
    """A CA's CKA_ID is its subject key identifier, or else the hash of its key; its label is its subject."""
    changes = Changes(put=((x509.SubjectKeyIdentifier(own), False),)) if own else Changes()
    chain = make_chain(length=2, cas={1: changes})
    by_hash = x509.SubjectKeyIdentifier.from_public_key(chain.keys[1].public_key()).digest
    assert _ca_id_and_label(chain.ders[1]) == (own or by_hash, chain.subjects[1].rfc4514_string())
