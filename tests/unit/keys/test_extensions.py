"""Extensions about revocation, whose presence decides whether a chain is checked at all."""

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID, ObjectIdentifier

from notarykit.keys.extensions import has_revocation_extensions
from tests.support.ca import Changes, make_chain

_ACCESS = x509.AuthorityInformationAccess([
    x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://ocsp.example"))
])  # fmt: skip
_NO_DER = b"\x30\x7f"


def _leaf(*extensions: x509.ExtensionType) -> x509.Certificate:
    return make_chain(leaf=Changes(put=tuple((extension, False) for extension in extensions))).certificates[0]


def test_certificate_without_endpoints_has_none() -> None:
    """A certificate with the usual extensions alone has none about revocation."""
    assert not has_revocation_extensions(_leaf())


@pytest.mark.parametrize(
    "extension",
    [
        _ACCESS,
        x509.OCSPNoCheck(),
        *(
            x509.UnrecognizedExtension(ObjectIdentifier(oid.dotted_string), _NO_DER)
            for oid in (ExtensionOID.AUTHORITY_INFORMATION_ACCESS, ExtensionOID.CRL_DISTRIBUTION_POINTS)
        ),
    ],
    ids=["OCSP", "no check", "malformed OCSP", "malformed CRL"],
)
def test_endpoints_are_found_even_if_malformed(extension: x509.ExtensionType) -> None:
    """An extension that cannot be read may name an endpoint."""
    assert has_revocation_extensions(_leaf(extension))
