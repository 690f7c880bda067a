"""Linter for certificates and chains: all violated requirements, each with field and fix.

Signature specification, "Certificate Requirements". `check_chain` stops at the first violation.
"""

from collections.abc import Sequence
from typing import NamedTuple

from cryptography import x509

from notarykit.errors import CertificateError
from notarykit.keys import requirements
from notarykit.keys.certificate import is_self_signed, load_certificate, subject_of, why_not_issued
from notarykit.keys.chain import LARGEST_CHAIN, LONGEST_CHAIN
from notarykit.keys.chain_certificate import Purpose
from notarykit.keys.extensions import authority_key_identifier, is_ca_certificate, subject_key_identifier

_FIXES = {
    "certificate_parses": ("certificate", "give a file with X.509 certificates in PEM or DER"),
    "extensions_parse": ("extensions", "have the certificate issued again: an extension is malformed"),
    "hash_is_allowed": ("signatureAlgorithm", "have it issued with SHA-256, SHA-384 or SHA-512"),
    "is_version_3": ("version", "have it issued as X.509 version 3, with a positive serial number"),
    "key_usage_is_present": ("keyUsage", "add keyUsage=critical,digitalSignature (a CA: critical,keyCertSign,cRLSign)"),
    "key_usage_is_critical": ("keyUsage", "mark it critical"),
    "is_ca": ("basicConstraints", "add basicConstraints=critical,CA:TRUE"),
    "basic_constraints_are_critical": ("basicConstraints", "mark it critical"),
    "path_length_suffices": ("basicConstraints", "raise pathLenConstraint, or issue from a CA that is nearer"),
    "may_sign_certificates": ("keyUsage", "add keyCertSign"),
    "ca_key_is_strong": ("subjectPublicKey", "use RSA with 2048 bits or more, or EC on P-256, P-384 or P-521"),
    "is_not_ca": ("basicConstraints", "issue it with CA:FALSE, or without the extension"),
    "may_sign": ("keyUsage", "add digitalSignature"),
    "has_no_other_key_usage": ("keyUsage", "leave digitalSignature alone (nonRepudiation may stay)"),
    "key_is_supported": ("subjectPublicKey", "use RSA-2048, RSA-3072, RSA-4096, or EC on P-256, P-384 or P-521"),
    "extended_key_usage_is_for_code": ("extendedKeyUsage", "leave codeSigning alone, or leave the extension out"),
    "extended_key_usage_is_time_stamping": ("extendedKeyUsage", "use critical,timeStamping and nothing else"),
    "extended_key_usage_allows_time_stamping": ("extendedKeyUsage", "add timeStamping, or leave the extension out"),
    "chain_length": ("chain", "give the certificates of one chain"),
    "chain_size": ("chain", "give the certificates of one chain"),
    "one_root": ("chain", "leave out what comes after the root, or the root that is not this chain's"),
    "ends_with_root": ("chain", "add the CA certificates that are missing, up to the self-signed root"),
    "authority_is_identified": (
        "authorityKeyIdentifier",
        "have it issued again with its issuer's own identifier: 'openssl verify' does not find the issuer by this",
    ),
    "ordered_and_related": ("chain", "order it from the signing certificate to the root, without others"),
}


class Finding(NamedTuple):
    """Violated requirement.

    Attributes:
        certificate: The subject.
        rule: The name of the requirement, as in `notarykit.keys.requirements`.
        field: The field of the certificate.
        problem: The violation.
        fix: The remedy.
    """

    certificate: str
    rule: str
    field: str
    problem: str
    fix: str


def lint(ders: Sequence[bytes], purpose: Purpose = "code signing") -> list[Finding]:
    """Returns all violations of a chain, leaf first, or of a single certificate, a CA's included.

    Args:
        ders: The certificates in DER.
        purpose: Selects the requirements.
    """
    findings = _of_size(ders)
    certificates: list[x509.Certificate | None] = []  # None for a malformed one
    for number, der in enumerate(ders, 1):
        try:
            certificates.append(load_certificate(der, f"certificate {number}"))
        except CertificateError as error:
            certificates.append(None)
            findings.append(_finding(f"certificate {number}", error.rule, error.message))
    starts_with_ca = len(certificates) == 1 and certificates[0] is not None and is_ca_certificate(certificates[0])
    for index, certificate in enumerate(certificates):
        if certificate is not None:
            findings += _of_one(certificate, index, purpose, as_ca=bool(index) or starts_with_ca)
    if not starts_with_ca:
        findings += _of_links(certificates)
    return findings


def _of_size(ders: Sequence[bytes]) -> list[Finding]:
    findings, size = [], sum(map(len, ders))
    if not 0 < len(ders) <= LONGEST_CHAIN:
        text = f"there are {len(ders)} certificates, not 1 to {LONGEST_CHAIN}"
        findings.append(_finding("the chain", "chain_length", text))
    if size > LARGEST_CHAIN:
        findings.append(_finding("the chain", "chain_size", f"there are {size} bytes, more than {LARGEST_CHAIN}"))
    return findings


def _finding(certificate: str, rule: str, problem: str) -> Finding:
    return Finding(certificate, rule, _FIXES[rule][0], problem, _FIXES[rule][1])


def _of_one(certificate: x509.Certificate, index: int, purpose: Purpose, *, as_ca: bool) -> list[Finding]:
    name = subject_of(certificate)
    try:
        member = requirements.chain_member(certificate, "certificate", max(0, index - 1))
    except CertificateError as error:
        return [_finding(name, error.rule, error.message)]
    checks = {
        ("code signing", True): requirements.CODE_SIGNING_CA,
        ("code signing", False): requirements.CODE_SIGNING_LEAF,
        ("timestamping", True): requirements.TIMESTAMPING_CA,
        ("timestamping", False): requirements.TIMESTAMPING_LEAF,
    }[purpose, as_ca]
    results = ((check.__name__, check(member)) for check in checks)
    # An absent extension is one violation, not one for each of its bits.
    problems = [(rule, problem) for rule, problem in results if problem]
    absent = {rule for rule, _ in problems if rule in ("key_usage_is_present", "is_ca")}
    implied = {
        "key_usage_is_present": ("key_usage_is_critical", "may_sign", "may_sign_certificates"),
        "is_ca": ("basic_constraints_are_critical",) if member.basic_constraints is None else (),
    }
    left_out = {rule for extension in absent for rule in implied[extension]}
    return [_finding(name, rule, problem) for rule, problem in problems if rule not in left_out]


def _of_links(certificates: Sequence[x509.Certificate | None]) -> list[Finding]:
    findings = []
    for certificate, issuer in zip(certificates, [*certificates[1:], None], strict=False):
        if certificate is None:
            continue
        name, is_last = subject_of(certificate), certificate is certificates[-1]
        if is_last and not is_self_signed(certificate):
            findings.append(_finding(name, "ends_with_root", "it is the last, and not self-signed"))
        elif not is_last and issuer is not None and is_self_signed(certificate):
            findings.append(_finding(name, "one_root", "it is self-signed, but certificates follow it"))
        elif not is_last and issuer is not None and (problem := why_not_issued(certificate, issuer)):
            text = f"it was not issued by the next, {subject_of(issuer)!r}: {problem}"
            findings.append(_finding(name, "ordered_and_related", text))
        elif problem := _why_not_identified(certificate, issuer or certificate):
            findings.append(_finding(name, "authority_is_identified", problem))
    return findings


def _why_not_identified(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    """Returns the mismatch of a certificate's authority key identifier with its issuer, or None."""
    named, own = authority_key_identifier(certificate), subject_key_identifier(issuer)
    if named is None:
        return None
    if named.key_identifier and own and named.key_identifier != own:
        return f"it calls its issuer's key {named.key_identifier.hex()}, and the issuer {own.hex()}"
    if named.authority_cert_serial_number not in (None, issuer.serial_number):
        return "it names its issuer's certificate by another serial number"
    return None
