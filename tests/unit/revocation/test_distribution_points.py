"""Endpoints of certificates: OCSP responders and CRL distribution points."""

import pytest
from cryptography import x509
from cryptography.x509 import ReasonFlags
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from notarykit.revocation.distribution_points import ALL_REASONS, RevocationEndpoints, read_endpoints
from notarykit.revocation.result import UnknownStatusError
from tests.support.ca import Changes, Extension, make_chain, name
from tests.support.revocable import Point, crl_points, freshest_crl, ocsp_urls, revocable_chain

_NO_DER = b"\xff"


def _named(*extensions: Extension, swap: tuple[tuple[bytes, bytes], ...] = ()) -> RevocationEndpoints:
    return read_endpoints(make_chain(leaf=Changes(put=extensions, swap=swap)).certificates[0])


def _raw(oid: x509.ObjectIdentifier, value: bytes = _NO_DER) -> Extension:
    return x509.UnrecognizedExtension(oid, value), False


def test_certificate_without_extensions_has_no_endpoints() -> None:
    """A certificate without any of the extensions has no endpoints."""
    assert _named() == RevocationEndpoints()


@pytest.mark.requirement("trust:ocsp-locations")
def test_responders_keep_their_order() -> None:
    """All OCSP URLs, of any scheme, are in the order of the certificate."""
    urls = ("http://a.example/ocsp", "https://b.example", "ldap://c.example")
    assert _named(ocsp_urls(*urls)).ocsp == urls


def test_ca_issuers_is_no_responder() -> None:
    """Of the authority information access, only OCSP locations are read."""
    url = x509.UniformResourceIdentifier("http://ca.example/ca.der")
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, url)
    assert _named((x509.AuthorityInformationAccess([access]), False)) == RevocationEndpoints()


def test_points_keep_their_names() -> None:
    """Each point has its URLs in order, and all its names."""
    one, other = "http://a.example/crl", "ldap://b.example/crl"
    first, second = _named(crl_points(Point((one, other)), Point(("http://c.example",)))).points
    assert first.urls == (one, other)
    assert first.names == {x509.UniformResourceIdentifier(one), x509.UniformResourceIdentifier(other)}
    assert second.urls == ("http://c.example",)
    assert [first.is_indirect, second.is_indirect] == [False, False]


def test_point_without_reasons_has_all() -> None:
    """RFC 5280, section 4.2.1.13: a point without reasons is for all, and one with reasons for these."""
    some = frozenset([ReasonFlags.key_compromise, ReasonFlags.ca_compromise])
    every, limited = _named(crl_points(Point(("http://a",)), Point(("http://b",), some))).points
    assert every.reasons == ALL_REASONS
    assert limited.reasons == some


def test_all_reasons_are_eight() -> None:
    """RFC 5280, section 4.2.1.13: a CRL may be limited to eight reasons."""
    assert len(ALL_REASONS) == 8
    assert ALL_REASONS.isdisjoint({ReasonFlags.unspecified, ReasonFlags.remove_from_crl})


def test_point_with_crl_issuer_is_indirect() -> None:
    """A point with a cRLIssuer is indirect."""
    (point,) = _named(crl_points(Point(("http://a",), crl_issuer=name("CRLs")))).points
    assert point.is_indirect


def test_point_without_a_url_is_kept() -> None:
    """A point with a directory name alone makes its certificate revocable."""
    entry = x509.DirectoryName(name("CRLs"))
    points = x509.CRLDistributionPoints([x509.DistributionPoint([entry], None, None, None)])
    (point,) = _named((points, False)).points
    assert (point.urls, point.names) == ((), frozenset([entry]))


def test_freshest_crl_is_read() -> None:
    """A certificate may name a delta itself."""
    assert _named(crl_points(Point(("http://a",))), freshest_crl("http://delta")).names_delta_crl
    assert not _named(crl_points(Point(("http://a",)))).names_delta_crl


def test_ocsp_nocheck_is_read() -> None:
    """RFC 6960, section 4.2.2.2.1: the extension is present or absent."""
    assert _named((x509.OCSPNoCheck(), False)).needs_no_check
    assert not _named().needs_no_check


@pytest.mark.parametrize(
    "oid",
    [
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.FRESHEST_CRL,
    ],
    ids=["responders", "points", "deltas"],
)
def test_malformed_extension_is_refused(oid: x509.ObjectIdentifier) -> None:
    """A malformed extension is not taken for an absent one."""
    with pytest.raises(UnknownStatusError, match="its revocation extensions cannot be read"):
        _named(_raw(oid))


def test_unsupported_name_is_refused() -> None:
    """A point with an X.400 address cannot be read, and is not taken for an absent one."""
    x400 = bytes.fromhex("30 08 30 06 a0 04 a0 02 a3 00".replace(" ", ""))
    with pytest.raises(UnknownStatusError):
        _named(_raw(ExtensionOID.CRL_DISTRIBUTION_POINTS, x400))


def test_repeated_extension_is_refused() -> None:
    """RFC 5280, section 4.2: an extension occurs once."""
    # id-ce-deltaCRLIndicator, which no certificate has, becomes id-ce-cRLDistributionPoints.
    other = _raw(x509.ObjectIdentifier("2.5.29.27"), b"\x30\x00")
    with pytest.raises(UnknownStatusError):
        _named(
            crl_points(Point(("http://a",))),
            other,
            swap=((b"\x06\x03\x55\x1d\x1b", b"\x06\x03\x55\x1d\x1f"),),
        )


@pytest.mark.parametrize("oid", [ExtensionOID.SUBJECT_KEY_IDENTIFIER, ExtensionOID.CERTIFICATE_POLICIES])
def test_other_malformed_extensions_are_ignored(oid: x509.ObjectIdentifier) -> None:
    """A malformed extension that is not read leaves the others readable."""
    endpoints = _named(_raw(oid), ocsp_urls("http://a"), crl_points(Point(("http://b",))), freshest_crl("http://c"))
    assert endpoints.ocsp == ("http://a",)
    assert [point.urls for point in endpoints.points] == [("http://b",)]
    assert endpoints.names_delta_crl


def test_revocable_chain_has_its_endpoints() -> None:
    """The certificates below the root have a responder and a CRL each, the root none."""
    chain = revocable_chain("http://here")
    assert [bool(endpoints.ocsp and endpoints.points) for endpoints in map(read_endpoints, chain.certificates)] == [
        True,
        True,
        False,
    ]
