"""Chains whose certificates name where their revocation can be asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.support.ca import NOT_AFTER, NOT_BEFORE, Changes, Extension, TestChain, make_chain

_UNCHANGED = Changes()
_NONE: Mapping[int, Changes] = MappingProxyType({})
_NO_URLS: Mapping[int, Sequence[str]] = MappingProxyType({})


@dataclass(frozen=True)
class Point:
    """A CRL distribution point.

    Attributes:
        urls: Its full names, in any scheme; with none, it has no name.
        reasons: The only reasons that its CRL is for.
        crl_issuer: Who issues its CRL, where the certificate's issuer does not.
    """

    urls: tuple[str, ...] = ()
    reasons: frozenset[x509.ReasonFlags] | None = None
    crl_issuer: x509.Name | None = None


_NO_POINTS: Mapping[int, Sequence[Point]] = MappingProxyType({})


def ocsp_path(place: int) -> str:
    """Where the responder for the certificate in a place is, below the address of all."""
    return f"/ocsp/{place}"


def crl_path(place: int) -> str:
    """Where the CRL for the certificate in a place is, below the address of all."""
    return f"/crl/{place}"


def ocsp_urls(*urls: str) -> Extension:
    """An authority information access extension that names OCSP responders."""
    oid = AuthorityInformationAccessOID.OCSP
    places = [x509.AccessDescription(oid, x509.UniformResourceIdentifier(url)) for url in urls]
    return x509.AuthorityInformationAccess(places), False


def crl_points(*points: Point) -> Extension:
    """A CRL distribution points extension."""
    return x509.CRLDistributionPoints(list(map(_distribution_point, points))), False


def freshest_crl(*urls: str) -> Extension:
    """A freshest CRL extension of a certificate."""
    return x509.FreshestCRL([_distribution_point(Point(urls))]), False


def revocable_chain(
    url: str = "",
    spec: str = "EC-256",
    length: int = 3,
    *,
    purpose: str = "code signing",
    ocsp: bool = True,
    crl: bool = True,
    ocsp_at: Mapping[int, Sequence[str]] = _NO_URLS,
    crl_at: Mapping[int, Sequence[Point]] = _NO_POINTS,
    freshest_at: Mapping[int, Sequence[str]] = _NO_URLS,
    subject: x509.Name | None = None,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
    ca_kind: str = "EC-256",
    leaf: Changes = _UNCHANGED,
    cas: Mapping[int, Changes] = _NONE,
) -> TestChain:
    """A chain whose certificates, but for the root, name an OCSP responder and a CRL.

    Args:
        url: The address of all, such as `Responder.url()`; below it are `ocsp_path` and `crl_path` of each place.
        spec: The key spec of the leaf.
        length: How many certificates there are.
        purpose: `code signing` or `timestamping`.
        ocsp: Whether certificates name a responder, where `ocsp_at` does not say otherwise.
        crl: Whether certificates name a CRL, where `crl_at` does not say otherwise.
        ocsp_at: The responders that the certificates in some places name in place of the usual one, or none.
        crl_at: The distribution points that the certificates in some places name in place of the usual one, or none.
        freshest_at: Where the certificates in some places say that delta CRLs are.
        subject: The leaf's subject.
        not_before: Start of every validity.
        not_after: End of every validity.
        ca_kind: The kind of every CA's key.
        leaf: How else the leaf differs.
        cas: How else the CAs differ, by their place.
    """
    changes = {0: leaf, **cas}
    for place in range(length - 1):
        responders = ocsp_at.get(place, [f"{url}{ocsp_path(place)}"] if ocsp else [])
        points = crl_at.get(place, [Point((f"{url}{crl_path(place)}",))] if crl else [])
        deltas = freshest_at.get(place, [])
        put: list[Extension] = [
            *([ocsp_urls(*responders)] if responders else []),
            *([crl_points(*points)] if points else []),
            *([freshest_crl(*deltas)] if deltas else []),
        ]
        changed = changes.get(place, Changes())
        changes[place] = replace(changed, put=(*put, *changed.put))
    return make_chain(
        spec,
        length,
        subject=subject,
        not_before=not_before,
        not_after=not_after,
        purpose=purpose,
        ca_kind=ca_kind,
        leaf=changes.pop(0),
        cas=changes,
    )


def _distribution_point(point: Point) -> x509.DistributionPoint:
    names = [x509.UniformResourceIdentifier(url) for url in point.urls]
    issuer = None if point.crl_issuer is None else [x509.DirectoryName(point.crl_issuer)]
    return x509.DistributionPoint(names or None, None, point.reasons, issuer)
