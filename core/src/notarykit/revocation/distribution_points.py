"""OCSP responders and CRL distribution points of certificates (RFC 5280, sections 4.2.1.13 and 4.2.2.1)."""

from typing import NamedTuple

from cryptography import x509
from cryptography.x509 import ReasonFlags
from cryptography.x509.oid import AuthorityInformationAccessOID

from notarykit.keys.extensions import revocation_extensions
from notarykit.revocation.result import UNREADABLE, UnknownStatusError, short_reason

# RFC 5280, section 5.3.1: `unspecified` and `removeFromCRL` are no reasons that a CRL can be limited to.
ALL_REASONS = frozenset(ReasonFlags) - {ReasonFlags.unspecified, ReasonFlags.remove_from_crl}


class DistributionPoint(NamedTuple):
    """CRL distribution point.

    Attributes:
        urls: The URLs of its CRL; only those with `http` are fetched.
        names: All of its names.
        reasons: The revocation reasons that it covers.
        is_indirect: Whether another CA than the certificate's issuer signs its CRL.
    """

    urls: tuple[str, ...]
    names: frozenset[x509.GeneralName]
    reasons: frozenset[ReasonFlags]
    is_indirect: bool


class RevocationEndpoints(NamedTuple):
    """Revocation endpoints of a certificate.

    Attributes:
        ocsp: The OCSP responders.
        points: The distribution points.
        names_delta: Whether the certificate itself names a delta CRL.
        needs_no_check: Whether it has id-pkix-ocsp-nocheck (RFC 6960, section 4.2.2.2.1).
    """

    ocsp: tuple[str, ...] = ()
    points: tuple[DistributionPoint, ...] = ()
    names_delta_crl: bool = False
    needs_no_check: bool = False

    def __bool__(self) -> bool:
        return bool(self.ocsp or self.points)


def read_endpoints(certificate: x509.Certificate) -> RevocationEndpoints:
    """Returns the revocation endpoints of a certificate.

    Raises:
        NoAnswerError: One of the extensions is malformed, and may name an endpoint.
    """
    try:
        extensions = [extension.value for extension in revocation_extensions(certificate)]
        endpoints = RevocationEndpoints()
        for value in extensions:
            if isinstance(value, x509.AuthorityInformationAccess):
                endpoints = endpoints._replace(ocsp=_responders(value))
            elif isinstance(value, x509.CRLDistributionPoints):
                endpoints = endpoints._replace(points=distribution_points_of(value))
            elif isinstance(value, x509.FreshestCRL):
                endpoints = endpoints._replace(names_delta_crl=True)
            elif isinstance(value, x509.OCSPNoCheck):
                endpoints = endpoints._replace(needs_no_check=True)
    except UNREADABLE as error:
        raise UnknownStatusError(f"its revocation extensions cannot be read: {short_reason(error)}") from None
    return endpoints


def is_revocable(certificate: x509.Certificate) -> bool:
    """Returns whether a certificate names a revocation endpoint, or has extensions that cannot be read."""
    try:
        return bool(read_endpoints(certificate))
    except UnknownStatusError:
        return True


def _responders(access: x509.AuthorityInformationAccess) -> tuple[str, ...]:
    return tuple(
        description.access_location.value
        for description in access
        if description.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    )


def distribution_points_of(points: x509.CRLDistributionPoints | x509.FreshestCRL) -> tuple[DistributionPoint, ...]:
    """Returns the distribution points of an extension of a certificate or CRL."""
    return tuple(
        DistributionPoint(
            tuple(name.value for name in point.full_name or () if isinstance(name, x509.UniformResourceIdentifier)),
            frozenset(point.full_name or ()),
            ALL_REASONS if point.reasons is None else point.reasons,
            point.crl_issuer is not None,
        )
        for point in points
    )
