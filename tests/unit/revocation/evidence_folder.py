"""Evidence files of the tests, and the leaf's status by them alone."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from notarykit.keys.chain import check_chain
from notarykit.revocation.checker import RevocationChecker
from notarykit.revocation.evidence import LocalEvidence
from notarykit.revocation.result import NO_SIGNING_TIMES, CertificateStatus, SigningTimes
from tests.support.ca import TestChain
from tests.support.crls import NOW
from tests.support.revocable import revocable_chain

URL = "http://nowhere.invalid"
CHAIN = revocable_chain(URL)


class EvidenceFolder:
    """Folder of evidence files with unique names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def put(self, content: bytes) -> str:
        """Writes a file and returns its path."""
        self.count += 1
        path = self.folder / f"file{self.count}"
        path.write_bytes(content)
        return str(path)

    def read(self, *, crls: Sequence[bytes] = (), answers: Sequence[bytes] = ()) -> LocalEvidence:
        """Returns the evidence in new files with the given contents."""
        return LocalEvidence.from_files([*map(self.put, crls)], [*map(self.put, answers)])


def leaf_status(
    evidence: LocalEvidence,
    chain: TestChain = CHAIN,
    now: datetime = NOW,
    signing_times: SigningTimes = NO_SIGNING_TIMES,
) -> CertificateStatus:
    """Returns the leaf's status by local evidence alone."""
    return RevocationChecker(None, evidence).statuses(check_chain(chain.ders), now, signing_times)[0]


def leaf_word(evidence: LocalEvidence, **options: Any) -> str:
    """Returns the leaf's status by local evidence alone, as a word."""
    return str(leaf_status(evidence, **options).status)
