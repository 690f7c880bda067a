"""Certificate in its place in a chain, with the facts about it that are remembered."""

from typing import Literal

from notarykit.keys import requirements
from notarykit.keys.certificate import NOT_SIGNED, is_issued, load_certificate, parts_of, subject_of, why_not_issued

Purpose = Literal["code signing", "timestamping"]

_BEFORE_LINKS = frozenset({*requirements.SIGNATURE_OF_LEAF, *requirements.SIGNATURE_OF_CA})


def _behind_links(rules: tuple[requirements.Requirement, ...]) -> tuple[requirements.Requirement, ...]:
    return tuple(rule for rule in rules if rule not in _BEFORE_LINKS)


_LEAF_RULES = {
    "code signing": _behind_links(requirements.CODE_SIGNING_LEAF),
    "timestamping": _behind_links(requirements.TIMESTAMPING_LEAF),
}
_CA_RULES = {
    "code signing": _behind_links(requirements.CODE_SIGNING_CA),
    "timestamping": _behind_links(requirements.TIMESTAMPING_CA),
}


class ChainCertificate:
    """Certificate of a chain, with the facts about its bytes that were established.

    Attributes:
        der: The certificate in DER.
        certificate: The parsed certificate.
        role: The role in the chain, such as "root certificate".
        parts: The parts that links are about.
        issuer: The certificate, in DER, that was last verified to have issued this one.
        fits: The purposes, and numbers of intermediate certificates below, whose requirements it meets.
    """

    def __init__(self, der: bytes, role: str, preconditions: tuple[requirements.Requirement, ...]) -> None:
        """Parses a certificate and checks the requirements that bound the cost of its links.

        Raises:
            CertificateError: It is malformed, or violates one.
        """
        self.der = der
        self.role = role
        self.certificate = load_certificate(der, role)
        requirements.enforce(preconditions, requirements.bare_member(self.certificate, role))
        self.parts = parts_of(der)
        self.issuer = b""
        self.fits: set[tuple[Purpose, int]] = set()

    @property
    def name(self) -> str:
        """Role and subject, for messages."""
        return f"{self.role} {subject_of(self.certificate)!r}"

    def why_not_issued(self, issuer: "ChainCertificate") -> str | None:
        """Returns the reason why this certificate was not issued by another, or None if it was."""
        if self.issuer == issuer.der:
            return None
        is_signed = is_issued(self.parts, issuer.parts, issuer.certificate.public_key())
        problem = None if is_signed else NOT_SIGNED
        if is_signed is None:
            problem = why_not_issued(self.certificate, issuer.certificate)
        if problem is None:
            self.issuer = issuer.der
        return problem

    def is_self_signed(self) -> bool:
        """Returns True if it names itself as the issuer and is signed by its own key."""
        return self.parts.issuer == self.parts.subject and self.why_not_issued(self) is None

    def check_requirements(self, purpose: Purpose, index: int) -> None:
        """Checks the requirements of the purpose for a position in the chain.

        Raises:
            CertificateError: One is violated.
        """
        below = max(0, index - 1)
        if (purpose, below) in self.fits:
            return
        member = requirements.chain_member(self.certificate, self.role, below)
        rules = _CA_RULES[purpose] if index else _LEAF_RULES[purpose]
        requirements.enforce(rules, member)
        self.fits.add((purpose, below))
