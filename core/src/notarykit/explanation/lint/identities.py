"""Trusted identities that match everyone, or nobody."""

from collections.abc import Iterator, Sequence

from cryptography import x509

from notarykit.explanation.lint.finding import Found, Severity, Statement
from notarykit.explanation.trust_in_sight import identities_in_sight
from notarykit.keys.extensions import is_ca_certificate
from notarykit.trust import identity as identities
from notarykit.trust.policy import StoreType

# RFC 5280, appendix A.1 (upper bounds): what a certificate that keeps them has in its subject.
_MOST_LETTERS = {
    "2.5.4.3": 64, "2.5.4.5": 64, "2.5.4.6": 2, "2.5.4.7": 128, "2.5.4.8": 128, "2.5.4.10": 64, "2.5.4.11": 64,
    "2.5.4.12": 64, "1.2.840.113549.1.9.1": 255,
}  # fmt: skip
_COUNTRY = "2.5.4.6"


def identities_of(statement: Statement) -> Iterator[Found]:
    """Yields findings about the trusted identities."""
    policy = statement.policy
    if policy.identities == (identities.ANY,):
        yield Found(
            Severity.WARNING,
            "any-identity",
            "trustedIdentities",
            "everyone for whom the CAs in the trust stores issue a certificate is trusted",
            "name the signers, such as 'x509.subject: C=…, ST=…, O=…'",
        )
        return
    if not identities.x509_identities(policy.identities):
        yield Found(
            Severity.WARNING,
            "identities-for-plugins",
            "trustedIdentities",
            "only signatures that name a verification plugin for identities can be accepted",
            "add an x509.subject if others are to be trusted",
        )
    for identity in policy.identities:
        yield from _impossible(identity)
    yield from _of_nobody(statement)
    yield from _of_authorities(statement)


def _impossible(identity: str) -> Iterator[Found]:
    for attributes in identities.x509_identities((identity,)):
        problems = [
            f"{identities.type_name(oid)}={value} has {len(value)} letters, and RFC 5280 allows {most}"
            for oid, value in attributes
            if (most := _MOST_LETTERS.get(oid, len(value))) < len(value) or (oid == _COUNTRY and len(value) != most)
        ]
        if sum(count for (oid, _), count in attributes.items() if oid == _COUNTRY) > 1:
            problems.append("it has more than one country")
        for problem in problems:
            yield Found(
                Severity.WARNING,
                "identity-of-no-certificate",
                "trustedIdentities",
                f"{identity!r} can match no certificate that a CA issues by the rules: {problem}",
                "copy the subject from the signing certificate: 'notarykit inspect' shows it",
            )


def _signers(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    return [certificate for certificate in certificates if not is_ca_certificate(certificate)]


def _of_nobody(statement: Statement) -> Iterator[Found]:
    """Where all certificates in the stores are signers' own, there are no others, and each identity can be checked."""
    known = statement.certificates(StoreType.CA, StoreType.SIGNING_AUTHORITY)
    signers = _signers(known)
    if not known or len(signers) != len(known):
        return
    compared = identities_in_sight(statement.policy, signers, is_closed=True)
    is_anyone_trusted = any(each.is_match is not False for each in compared)
    for identity, is_match, remark in compared:
        if is_match is False:
            yield Found(
                Severity.WARNING if is_anyone_trusted else Severity.ERROR,
                "identity-of-nobody",
                "trustedIdentities",
                f"{identity!r}: {remark}",
                "copy the subject from the certificate, or add the signer's certificate to a store",
            )


def _of_authorities(statement: Statement) -> Iterator[Found]:
    """An identity that is a CA's subject in full was most likely copied from the wrong certificate."""
    known = statement.certificates(StoreType.CA, StoreType.SIGNING_AUTHORITY)
    for identity in statement.policy.identities:
        for attributes in identities.x509_identities((identity,)):
            for certificate in known:
                if is_ca_certificate(certificate) and _is_whole_subject(attributes, certificate):
                    yield Found(
                        Severity.WARNING,
                        "identity-of-ca",
                        "trustedIdentities",
                        f"{identity!r} is the subject of a CA, and identities are those of signing certificates",
                        "copy the subject from the signing certificate: 'notarykit inspect' shows it",
                    )
                    break


def _is_whole_subject(attributes: identities.Attributes, certificate: x509.Certificate) -> bool:
    try:
        present = identities.attributes_of(certificate.subject)
    except (ValueError, TypeError):
        return False
    return sorted(present) == sorted(attributes.elements())
