"""OCSP answers and CRLs that the user gives in files, for where no network leads out.

They count like what a server sends: by their signatures and their dates, which whoever asks for them here judges.
"""

import os
import re
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPResponseStatus, load_der_ocsp_response

from notarykit._internal import files
from notarykit.errors import StorageError, UsageError
from notarykit.revocation import ocsp
from notarykit.revocation.bundle import Bundle, paired
from notarykit.revocation.crl import Crl
from notarykit.revocation.ocsp import Answer
from notarykit.revocation.result import UNREADABLE, NoAnswerError, first_line

_LARGEST_FILE = 128 * 1024 * 1024
_ENDINGS = {"crl": ".crl", "ocsp": ".der"}
_PEM = re.compile(rb"-----BEGIN X509 CRL-----")


class NamedCrl(NamedTuple):
    """A CRL and the file that it is from."""

    name: str
    crl: Crl


class LocalEvidence:
    """What the user gives."""

    def __init__(self, crls: Sequence[NamedCrl] = (), answers: Sequence[tuple[str, bytes]] = ()) -> None:
        """Takes CRLs, deltas among them, and OCSP answers in DER with the names of their files."""
        self._crls = crls
        self._answers = answers

    def __bool__(self) -> bool:
        return bool(self._crls or self._answers)

    def answers(
        self, certificate: x509.Certificate, issuer: x509.Certificate, asked: list[str]
    ) -> Iterator[tuple[str, Answer]]:
        """The OCSP answers about a certificate, each with its file's name.

        Args:
            certificate: The certificate.
            issuer: Its issuer.
            asked: Where is noted why a file does not count.
        """
        for name, der in self._answers:
            if not ocsp.mentions(der, certificate, issuer):
                continue
            try:
                yield name, ocsp.read_answer(der, certificate, issuer)
            except NoAnswerError as error:
                asked.append(f"{name}: {error}")

    def bundles(self, issuer: x509.Certificate, asked: list[str]) -> list[tuple[str, Bundle]]:
        """The CRLs of an issuer, each with the newest delta that goes with it and with its file's name."""
        own = []
        for each in self._crls:
            if not each.crl.has_issuer(issuer):
                continue
            try:
                each.crl.check_issuer(issuer)
            except NoAnswerError as error:
                asked.append(f"{each.name}: {error}")
                continue
            own.append(each)
        deltas = [each.crl for each in own if each.crl.base_number is not None]
        return [(each.name, _with_delta(each.crl, deltas)) for each in own if each.crl.base_number is None]


def _with_delta(base: Crl, deltas: Sequence[Crl]) -> Bundle:
    for delta in sorted(deltas, key=lambda each: each.this_update, reverse=True):
        try:
            return paired(base, delta)
        except NoAnswerError:
            continue
    return Bundle(base)


def read_given(crl_files: Sequence[str], answer_files: Sequence[str]) -> LocalEvidence:
    """What is in files: CRLs in PEM or DER, OCSP responses in DER.

    Args:
        crl_files: The paths of CRLs.
        answer_files: The paths of OCSP responses.

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
        except (*UNREADABLE, NoAnswerError) as error:
            raise UsageError(f"{path} holds no CRL: {first_line(error)}", advice="give PEM or DER") from None
    answers = [(path, _content(path)) for path in answer_files]
    for path, content in answers:
        try:
            status = load_der_ocsp_response(content).response_status
        except UNREADABLE:
            raise UsageError(f"{path} holds no OCSP response in DER") from None
        if status is not OCSPResponseStatus.SUCCESSFUL:
            raise UsageError(f"{path} holds an OCSP responder's refusal, and no answer", advice="ask it again")
    return LocalEvidence(crls, answers)


def _content(path: str) -> bytes:
    try:
        return files.read(path, _LARGEST_FILE)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except StorageError as error:
        raise UsageError(error.message) from None


def evidence_file(kind: str, der: bytes) -> str:
    """The name of a file for a piece of evidence, an OCSP response or a CRL; by its content, so that none is lost."""
    return f"{kind}-{sha256(der).hexdigest()[:16]}{_ENDINGS[kind]}"


def evidence_files(folder: str) -> tuple[list[str], list[str]]:
    """The CRLs and the OCSP responses in a folder that `revocation fetch` has filled; other files are left aside.

    Raises:
        UsageError: There is no such folder, or none of them is in it.
    """
    try:
        names = sorted(os.listdir(folder))
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    crls, answers = (
        [os.path.join(folder, name) for name in names if name.startswith(f"{kind}-") and name.endswith(_ENDINGS[kind])]
        for kind in ("crl", "ocsp")
    )
    if not crls and not answers:
        raise UsageError(f"{folder} holds no evidence", advice="fill it with 'notarykit revocation fetch'")
    return crls, answers
