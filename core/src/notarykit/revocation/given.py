"""OCSP answers and CRLs that the user gives in files, for where no network leads out."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit import files
from notarykit.errors import UsageError
from notarykit.revocation import crl, ocsp
from notarykit.revocation.crl import Bundle, Crl
from notarykit.revocation.pointers import ALL_REASONS, Point
from notarykit.revocation.status import Finding, Moments, NoAnswerError, Status

_LARGEST_FILE = 128 * 1024 * 1024
_PEM = re.compile(rb"-----BEGIN X509 CRL-----")


class NamedCrl(NamedTuple):
    """A CRL and the file that it is from."""

    name: str
    crl: Crl


class Given:
    """What the user gives. It counts like what a server sends: by its signature and its dates."""

    def __init__(self, crls: Sequence[NamedCrl] = (), answers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Takes CRLs, deltas among them, and OCSP answers in DER with the names of their files."""
        self._crls = crls
        self._answers = answers

    def __bool__(self) -> bool:
        return bool(self._crls or self._answers)

    def findings(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        points: Sequence[Point],
        now: datetime,
        moments: Moments,
        asked: list[str],
    ) -> list[Finding]:
        """What the files say about a certificate; those that are about others say nothing.

        Args:
            certificate: The certificate.
            issuer: Its issuer.
            points: The distribution points that it names.
            now: The time of the verification.
            moments: When the signature was made.
            asked: Where what each file said is noted.
        """
        found = []
        for name, der in self._answers:
            try:
                finding = ocsp.judge(ocsp.read_answer(der, certificate, issuer), now, moments)
            except NoAnswerError as error:
                asked.append(f"{name}: {error}")
                continue
            asked.append(f"{name}: {finding.status}, {finding.text}")
            found.append(finding)
        for name, bundle in self._bundles(issuer, asked):
            for point in points or (_ANY_POINT,):
                try:
                    finding, reasons = crl.judge(bundle, certificate, point, now, moments)
                except NoAnswerError as error:
                    asked.append(f"{name}: {error}")
                    continue
                asked.append(f"{name}: {finding.status}, {finding.text}")
                if finding.status is Status.REVOKED or reasons >= ALL_REASONS:
                    found.append(finding)
        return found

    def _bundles(self, issuer: x509.Certificate, asked: list[str]) -> list[tuple[str, Bundle]]:
        """The bases of an issuer with the deltas that go with them."""
        own = []
        for each in self._crls:
            try:
                each.crl.check_issuer(issuer)
            except NoAnswerError as error:
                asked.append(f"{each.name}: {error}")
                continue
            own.append(each)
        deltas = [each.crl for each in own if each.crl.base_number is not None]
        bases = [each for each in own if each.crl.base_number is None]
        return [(each.name, _with_given_delta(each.crl, deltas)) for each in bases]


def _with_given_delta(base: Crl, deltas: Sequence[Crl]) -> Bundle:
    for delta in sorted(deltas, key=lambda each: each.this_update, reverse=True):
        try:
            return crl.paired(base, delta)
        except NoAnswerError:
            continue
    return Bundle(base)


_ANY_POINT = Point((), frozenset(), ALL_REASONS, is_indirect=False)


def read_given(crl_files: Sequence[str], answer_files: Sequence[str]) -> Given:
    """What is in files: CRLs in PEM or DER, OCSP responses in DER.

    Raises:
        UsageError: A file cannot be read, or holds something else.
    """
    crls = []
    for path in crl_files:
        content = _content(path)
        try:
            if _PEM.search(content):
                content = x509.load_pem_x509_crl(content).public_bytes(Encoding.DER)
            crls.append(NamedCrl(path, Crl(content)))
        except (ValueError, NoAnswerError) as error:
            raise UsageError(f"--crl {path}: {str(error).partition(chr(10))[0][:200]}") from None
    answers = [(path, _content(path)) for path in answer_files]
    for path, content in answers:
        try:
            x509.ocsp.load_der_ocsp_response(content)
        except ValueError:
            raise UsageError(f"--ocsp-response {path}: it is no OCSP response in DER") from None
    return Given(crls, answers)


def _content(path: str) -> bytes:
    try:
        return files.read(path, _LARGEST_FILE)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
