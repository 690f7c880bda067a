"""Local evidence: OCSP responses and CRLs in files, for verifications without a network.

It counts like what a server sends: by its signatures and dates.
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
from notarykit.revocation.bundle import Bundle, pair
from notarykit.revocation.crl import Crl
from notarykit.revocation.ocsp import OcspResult
from notarykit.revocation.result import UNREADABLE, UnknownStatusError, short_reason

_LARGEST_FILE = 128 * 1024 * 1024
_ENDINGS = {"crl": ".crl", "ocsp": ".der"}
_PEM = re.compile(rb"-----BEGIN X509 CRL-----")


class NamedCrl(NamedTuple):
    """CRL with the name of its file."""

    name: str
    crl: Crl


class LocalEvidence:
    """OCSP responses and CRLs of the user's."""

    def __init__(self, crls: Sequence[NamedCrl] = (), responses: Sequence[tuple[str, bytes]] = ()) -> None:
        """Takes CRLs, deltas among them, and OCSP responses in DER with the names of their files."""
        self._crls = crls
        self._responses = responses

    @classmethod
    def from_files(cls, crl_files: Sequence[str] = (), response_files: Sequence[str] = ()) -> "LocalEvidence":
        """Reads CRLs, in PEM or DER, and OCSP responses, in DER.

        Args:
            crl_files: The paths of CRLs.
            response_files: The paths of OCSP responses.

        Raises:
            UsageError: A file cannot be read, or holds something else.
        """
        crls = [NamedCrl(path, _read_crl(path)) for path in crl_files]
        return cls(crls, [(path, _read_response(path)) for path in response_files])

    def __bool__(self) -> bool:
        return bool(self._crls or self._responses)

    def joined(self, other: "LocalEvidence") -> "LocalEvidence":
        """Returns this evidence and other evidence together."""
        crls, responses = other._crls, other._responses  # noqa: SLF001 - of the same class
        return LocalEvidence([*self._crls, *crls], [*self._responses, *responses])

    def responses(
        self, certificate: x509.Certificate, issuer: x509.Certificate, log: list[str]
    ) -> Iterator[tuple[str, OcspResult]]:
        """Yields the verified OCSP responses about a certificate, each with its file's name.

        Args:
            certificate: The certificate.
            issuer: Its issuer.
            log: Gets a line for each file that is not accepted.
        """
        for name, der in self._responses:
            if not ocsp.is_about(der, certificate, issuer):
                continue
            try:
                yield name, ocsp.verify_response(der, certificate, issuer)
            except UnknownStatusError as error:
                log.append(f"{name}: {error}")

    def bundles(self, issuer: x509.Certificate, log: list[str]) -> list[tuple[str, Bundle]]:
        """Returns the verified CRLs of an issuer, each with its newest delta and its file's name."""
        own = []
        for named in self._crls:
            if not named.crl.has_issuer(issuer):
                continue
            try:
                named.crl.check_issuer(issuer)
            except UnknownStatusError as error:
                log.append(f"{named.name}: {error}")
                continue
            own.append(named)
        deltas = [named.crl for named in own if named.crl.base_number is not None]
        return [(named.name, _with_delta(named.crl, deltas)) for named in own if named.crl.base_number is None]


def _with_delta(base: Crl, deltas: Sequence[Crl]) -> Bundle:
    for delta in sorted(deltas, key=lambda delta: delta.this_update, reverse=True):
        try:
            return pair(base, delta)
        except UnknownStatusError:
            continue
    return Bundle(base)


def _read_crl(path: str) -> Crl:
    content = _content(path)
    try:
        if _PEM.search(content):
            content = x509.load_pem_x509_crl(content).public_bytes(Encoding.DER)
        return Crl(content)
    except (*UNREADABLE, UnknownStatusError) as error:
        raise UsageError(f"{path} holds no CRL: {short_reason(error)}", advice="give PEM or DER") from None


def _read_response(path: str) -> bytes:
    content = _content(path)
    try:
        status = load_der_ocsp_response(content).response_status
    except UNREADABLE:
        raise UsageError(f"{path} holds no OCSP response in DER") from None
    if status is not OCSPResponseStatus.SUCCESSFUL:
        raise UsageError(f"{path} holds an OCSP error, not a status", advice="request it again")
    return content


def _content(path: str) -> bytes:
    try:
        return files.read(path, _LARGEST_FILE)
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except StorageError as error:
        raise UsageError(error.message) from None


def evidence_file(kind: str, der: bytes) -> str:
    """Returns the file name for an OCSP response or CRL: by its content, so that none is lost."""
    return f"{kind}-{sha256(der).hexdigest()[:16]}{_ENDINGS[kind]}"


def evidence_files(folder: str) -> tuple[list[str], list[str]]:
    """Returns the CRL files and the OCSP response files in a folder of `revocation fetch`; other files are ignored.

    Raises:
        UsageError: The folder cannot be read, or holds none.
    """
    advice = "fill it with 'notarykit revocation fetch', which says so where there is nothing to collect"
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        raise UsageError(f"{folder} does not exist", advice=advice) from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be read: {error.strerror}") from None
    crls, answers = (
        [os.path.join(folder, name) for name in names if name.startswith(f"{kind}-") and name.endswith(_ENDINGS[kind])]
        for kind in ("crl", "ocsp")
    )
    if not crls and not answers:
        raise UsageError(f"{folder} holds no evidence", advice=advice)
    return crls, answers
