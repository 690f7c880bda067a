"""Local evidence: reading and refusing files."""

import base64
from pathlib import Path

import pytest
from cryptography import x509

from notarykit.errors import UsageError
from notarykit.revocation.evidence import LocalEvidence, evidence_file, evidence_files
from tests.support.crls import (
    ISSUING_DISTRIBUTION_POINT,
    make_crl,
)
from tests.support.ocsp_answers import (
    TRY_LATER,
    make_answer,
    make_refusal,
)
from tests.unit.revocation.evidence_folder import CHAIN, EvidenceFolder, leaf_word


@pytest.fixture
def files(tmp_path: Path) -> EvidenceFolder:
    """A folder for one test alone."""
    return EvidenceFolder(tmp_path)


# A critical issuing distribution point whose name is an X.400 address.
_X400 = (x509.UnrecognizedExtension(ISSUING_DISTRIBUTION_POINT, bytes.fromhex("3006a004a002a300")), True)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"rubbish",
        b"-----BEGIN X509 CRL-----\nrubbish\n-----END X509 CRL-----\n",
        b"-----BEGIN X509 CRL-----\n",
        CHAIN.pems[0],
        make_answer(CHAIN),
        make_crl(CHAIN, next_update=None),
        make_crl(CHAIN, version=3),
        make_crl(CHAIN, extensions=[_X400]),
    ],
    ids=["empty", "rubbish", "rubbish in PEM", "cut off", "a certificate", "an answer", "endless", "version", "a name"],
)
def test_file_without_a_crl_is_refused(files: EvidenceFolder, content: bytes) -> None:
    """The message has the file and the flag."""
    path = files.put(content)
    with pytest.raises(UsageError, match=f"^{path} holds no CRL: "):
        LocalEvidence.from_files([path], [])


def test_pem_crl_of_an_unknown_version_is_refused(files: EvidenceFolder) -> None:
    """A PEM CRL is refused as its DER is."""
    body = base64.encodebytes(make_crl(CHAIN, version=3))
    path = files.put(b"-----BEGIN X509 CRL-----\n" + body + b"-----END X509 CRL-----\n")
    with pytest.raises(UsageError, match=f"^{path} holds no CRL: "):
        LocalEvidence.from_files([path], [])


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", make_crl(CHAIN), make_answer(CHAIN)[:-1]], ids=["empty", "rubbish", "a CRL", "cut"]
)
def test_file_without_a_response_is_refused(files: EvidenceFolder, content: bytes) -> None:
    """The message has the file and the flag."""
    path = files.put(content)
    with pytest.raises(UsageError, match=f"^{path} holds no OCSP response in DER"):
        LocalEvidence.from_files([], [path])


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """The message has the file."""
    path = str(tmp_path / "missing")
    with pytest.raises(UsageError, match=f"^{path} does not exist"):
        LocalEvidence.from_files([path], [])
    with pytest.raises(UsageError, match=f"^{path} does not exist"):
        LocalEvidence.from_files([], [path])


def test_error_response_in_a_file_is_refused(files: EvidenceFolder) -> None:
    """An OCSP error response is no evidence."""
    with pytest.raises(UsageError, match="error, not a status") as caught:
        files.read(answers=[make_refusal(TRY_LATER)])
    assert caught.value.advice == "request it again"


def test_evidence_folder_is_read_by_file_names(tmp_path: Path) -> None:
    """Evidence files are recognised by their names, and others are ignored."""
    crl, answer = make_crl(CHAIN), make_answer(CHAIN)
    names = [evidence_file("crl", crl), evidence_file("ocsp", answer)]
    for file_name, content in (*zip(names, (crl, answer), strict=True), ("notes.txt", b""), ("crl-of-mine.pem", b"")):
        (tmp_path / file_name).write_bytes(content)
    paths = evidence_files(str(tmp_path))
    assert paths == ([str(tmp_path / names[0])], [str(tmp_path / names[1])])
    assert leaf_word(LocalEvidence.from_files(*paths)) == "good"
    with pytest.raises(UsageError, match="missing does not exist"):
        evidence_files(str(tmp_path / "missing"))
