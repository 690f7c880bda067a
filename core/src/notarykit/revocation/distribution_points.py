"""Where a certificate says that its revocation can be looked up (RFC 5280, sections 4.2.1.13 and 4.2.2.1)."""

from typing import NamedTuple

from cryptography import x509
from cryptography.x509 import ReasonFlags
from cryptography.x509.oid import AuthorityInformationAccessOID

from notarykit.keys.extensions import revocation_extensions
from notarykit.revocation.result import UNREADABLE, NoAnswerError, first_line

# RFC 5280, section 5.3.1: `unspecified` and `removeFromCRL` are no reasons that a CRL can be limited to.
ALL_REASONS = frozenset(ReasonFlags) - {ReasonFlags.unspecified, ReasonFlags.remove_from_crl}


class Point(NamedTuple):
    """A distribution point of CRLs.

    Attributes:
        urls: Where the one CRL can be had; only `http` is asked.
        names: All of its names.
        reasons: The reasons for a revocation that it knows of.
        is_indirect: Whether somebody else than the certificate's issuer signs it.
    """

    urls: tuple[str, ...]
    names: frozenset[x509.GeneralName]
    reasons: frozenset[ReasonFlags]
    is_indirect: bool


class RevocationEndpoints(NamedTuple):
    """All that a certificate names.

    Attributes:
        ocsp: The OCSP responders.
        points: The distribution points.
        names_delta: Whether the certificate itself names a delta CRL.
        needs_no_check: Whether it is an OCSP responder's that is not to be checked (RFC 6960, section 4.2.2.2.1).
    """

    ocsp: tuple[str, ...] = ()
    points: tuple[Point, ...] = ()
    names_delta: bool = False
    needs_no_check: bool = False


def pointers_of(certificate: x509.Certificate) -> RevocationEndpoints:
    """What a certificate names.

    Raises:
        NoAnswerError: One of the extensions is malformed: for all that is known, it names a place to ask.
    """
    try:
        extensions = [extension.value for extension in revocation_extensions(certificate)]
        pointers = RevocationEndpoints()
        for value in extensions:
            if isinstance(value, x509.AuthorityInformationAccess):
                pointers = pointers._replace(ocsp=_responders(value))
            elif isinstance(value, x509.CRLDistributionPoints):
                pointers = pointers._replace(points=points_of(value))
            elif isinstance(value, x509.FreshestCRL):
                pointers = pointers._replace(names_delta=True)
            elif isinstance(value, x509.OCSPNoCheck):
                pointers = pointers._replace(needs_no_check=True)
    except UNREADABLE as error:
        raise NoAnswerError(f"what it names cannot be read: {first_line(error)}") from None
    return pointers


def is_revocable(certificate: x509.Certificate) -> bool:
    """Whether a certificate can be looked up anywhere, or cannot be read, and then nobody knows."""
    try:
        pointers = pointers_of(certificate)
    except NoAnswerError:
        return True
    return bool(pointers.ocsp or pointers.points)


def _responders(access: x509.AuthorityInformationAccess) -> tuple[str, ...]:
    return tuple(
        each.access_location.value
        for each in access
        if each.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(each.access_location, x509.UniformResourceIdentifier)
    )


def points_of(points: x509.CRLDistributionPoints | x509.FreshestCRL) -> tuple[Point, ...]:
    """The distribution points of an extension, of a certificate or of a CRL."""
    return tuple(
        Point(
            tuple(name.value for name in point.full_name or () if isinstance(name, x509.UniformResourceIdentifier)),
            frozenset(point.full_name or ()),
            ALL_REASONS if point.reasons is None else point.reasons,
            point.crl_issuer is not None,
        )
        for point in points
    )
