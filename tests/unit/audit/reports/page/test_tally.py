"""Artifacts, repositories and signers of an audit's page."""

from datetime import datetime, timedelta

import pytest

from notarykit.audit.counts import Counts
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict, SignatureOutcome
from notarykit.audit.reports.page.tally import coverage, entries_of, signers
from tests.support.audit_records import NOW, header, records


def _record(verdict: ArtifactVerdict, **changes: object) -> ArtifactRecord:
    record = next(records(1, 1))._replace(verdict=verdict, reason="", parent="", tags=("1.0",), ends=None)
    return record._replace(**changes)  # type: ignore[arg-type]


def test_most_urgent_artifacts_come_first() -> None:
    """Artifacts are sorted by status, then by the end of their verdict, the endless ones last."""
    ends: list[datetime | None] = [None, NOW + timedelta(days=2), NOW + timedelta(days=1)]
    verified = [_record(ArtifactVerdict.VERIFIED, ends=end) for end in ends]
    others = [_record(verdict) for verdict in ArtifactVerdict if verdict is not ArtifactVerdict.VERIFIED]
    entries = entries_of([*verified, *others], Counts(header()))
    statuses = ["failed", "no-policy", "unknown", "unsigned", "audited", "skipped", *["verified"] * 3]
    assert [entry.status for entry in entries] == statuses
    assert [entry.record.ends for entry in entries[-3:]] == [ends[2], ends[1], None]


@pytest.mark.parametrize(("verdict", "uncovered"), [("verified", 0), ("audited", 0), ("failed", 2), ("unsigned", 2)])
def test_covered_index_covers_its_parts(verdict: str, uncovered: int) -> None:
    """A manifest without a tag and a signature is covered together with its index."""
    index = _record(ArtifactVerdict(verdict), digest="sha256:1", media_type="application/vnd.oci.image.index.v1+json")
    part = _record(ArtifactVerdict.UNSIGNED, digest="sha256:2", parent="sha256:1", tags=())
    counts = Counts(header())
    statuses = [entry.status for entry in entries_of([index, part], counts)]
    assert ("part" in statuses) is (uncovered == 0)
    assert coverage(counts)[0].uncovered == uncovered


def test_repository_with_the_most_uncovered_artifacts_comes_first() -> None:
    """Repositories are sorted by the number of uncovered artifacts, then by size and name."""
    numbers = {"a": (1, 0), "b": (5, 0), "c": (0, 1), "d": (0, 2), "e": (5, 0)}
    counts = Counts(header())
    for name, (verified, unsigned) in numbers.items():
        for verdict in [ArtifactVerdict.VERIFIED] * verified + [ArtifactVerdict.UNSIGNED] * unsigned:
            counts.add(_record(verdict, registry="r", repository=name))
    assert [row.name for row in coverage(counts)] == ["r/d", "r/c", "r/b", "r/e", "r/a"]


def test_signer_counts_once_for_an_artifact() -> None:
    """Two signatures of a signer on one artifact count once; its certificates are told apart."""
    signature = next(records(1, 1)).signatures[-1]._replace(outcome=SignatureOutcome.ACCEPTED)
    other = signature._replace(thumbprint="0" * 64)
    stranger = signature._replace(signer="CN=x", outcome=SignatureOutcome.REFUSED)
    record = _record(ArtifactVerdict.VERIFIED, signatures=(signature, other, stranger), ends=NOW)
    entries = entries_of([record], Counts(header()))
    (row,) = signers(entries, {SignatureOutcome.ACCEPTED})
    assert row == (signature.signer, 1, 2, NOW)
    (claim,) = signers(entries, {SignatureOutcome.REFUSED, SignatureOutcome.AUDITED})
    assert claim.subject == "CN=x"
