"""HTML page of an audit: heading, coverage, timeline and signers."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from notarykit.audit.record import ArtifactRecord, ArtifactVerdict, SignatureOutcome
from notarykit.audit.shard import Shard
from tests.audit.conftest import Open
from tests.support import audit_records
from tests.support.audit_records import NOW

_COVERED = (ArtifactVerdict.VERIFIED, ArtifactVerdict.AUDITED, ArtifactVerdict.SKIPPED)


def _is_part(record: ArtifactRecord, records: Sequence[ArtifactRecord]) -> bool:
    indexes = {(other.name, other.digest) for other in records if other.verdict in _COVERED}
    is_unsigned = record.verdict is ArtifactVerdict.UNSIGNED
    return is_unsigned and not record.tags and (record.name, record.parent) in indexes


def test_heading_has_registries_time_and_policy(opened: Open) -> None:
    """The heading has the registries, the time of the audit and the policy's digest, and so has the title."""
    header, tab = audit_records.header(), opened()
    text = tab.run("document.querySelector('header').innerText")
    for part in (*header.registries, "2026-11-29 02:15 UTC", header.policy):
        assert part in text
    assert tab.run("document.title") == f"Signature audit of {', '.join(header.registries)}"


def test_totals_count_each_status(opened: Open, audit: list[ArtifactRecord]) -> None:
    """Each status has its number of artifacts; unsigned manifests in a signed index are counted apart."""
    expected = Counter("part of an index" if _is_part(record, audit) else record.verdict.value for record in audit)
    rows = opened().run("[...document.querySelectorAll('.counts li')].map((row) => row.innerText.split('\\n'))")
    assert {label: int(number.replace(",", "")) for number, label, _ in rows} == expected


def test_coverage_begins_with_the_most_uncovered(opened: Open, audit: list[ArtifactRecord]) -> None:
    """Repositories are sorted by the number of artifacts that are not covered."""
    missing = Counter(record.name for record in audit if record.verdict not in _COVERED and not _is_part(record, audit))
    rows = opened().run(
        "[...document.querySelectorAll('.coverage tbody tr')].map((row) =>"
        " [row.cells[0].textContent, Number(row.cells[2].textContent)])"
    )
    assert dict(rows) == {record.name: missing[record.name] for record in audit}
    assert [number for _, number in rows] == sorted(missing.values(), reverse=True) + [0] * (len(rows) - len(missing))


def test_bar_is_as_long_as_its_share(opened: Open, audit: list[ArtifactRecord]) -> None:
    """The parts of the bar over all repositories have the shares of the statuses."""
    number = sum(record.verdict is ArtifactVerdict.VERIFIED for record in audit)
    measured = opened().run(
        "(() => { const bar = document.querySelector('.bar').getBoundingClientRect();"
        " return document.querySelector('.bar .verified').getBoundingClientRect().width / bar.width })()"
    )
    assert abs(measured - number / len(audit)) < 0.002


def test_columns_count_all_ends(opened: Open, audit: list[ArtifactRecord]) -> None:
    """The columns by month count each end once, and a column's link leads to the artifacts that it counts."""
    tab = opened()
    labels = tab.run(
        "[...document.querySelectorAll('figure:nth-of-type(2) a')].map((column) => column.getAttribute('aria-label'))"
    )
    assert sum(int(label.split(": ")[1].split(" ")[0].replace(",", "")) for label in labels) == sum(
        record.ends is not None for record in audit
    )
    tab.run("document.querySelector('figure:nth-of-type(2) a').dispatchEvent(new MouseEvent('click'))")
    november = sum(record.ends is not None and record.ends.month == 11 for record in audit)
    assert tab.run("document.querySelector('#count').textContent").startswith(f"{november} of ")


def test_ends_within_the_window_stand_out(opened: Open, audit: list[ArtifactRecord]) -> None:
    """Only ends within the window have the colour that stands out, in the columns and the sentence."""
    soon = sum(record.ends is not None and record.ends <= NOW + timedelta(days=90) for record in audit)
    tab = opened()
    assert f"{soon} verdicts end within 90 days" in tab.run("document.querySelector('.sentence').innerText")
    heights = tab.run(
        "['soon', 'later'].map((name) => [...document.querySelectorAll(`figure:nth-of-type(2) rect.${name}`)]"
        ".reduce((sum, part) => sum + Number(part.getAttribute('height')), 0))"
    )
    ends = sum(record.ends is not None for record in audit)
    assert abs(heights[0] / sum(heights) - soon / ends) < 0.01


def test_signers_are_those_of_accepted_signatures(opened: Open, audit: list[ArtifactRecord]) -> None:
    """Signers are counted by artifact, and names in signatures that were not accepted are listed apart."""
    by_outcome = [
        Counter(
            name
            for record in audit
            for name in {
                signature.signer
                for signature in record.signatures
                if signature.signer and (signature.outcome is SignatureOutcome.ACCEPTED) is is_accepted
            }
        )
        for is_accepted in (True, False)
    ]
    tables = opened().run(
        "[...document.querySelectorAll('table.signers')].map((table) => [...table.tBodies[0].rows]"
        ".map((row) => [row.cells[0].textContent, Number(row.cells[1].textContent)]))"
    )
    assert [dict(table) for table in tables] == by_outcome


def test_signer_has_the_first_end(opened: Open, audit: list[ArtifactRecord]) -> None:
    """A signer's first end is the earliest end of a verdict on its artifacts."""
    name = "CN=release.example.com,O=Example Corp,L=Seattle,ST=WA,C=US"
    rows = opened().run(
        "[...document.querySelector('table.signers').tBodies[0].rows]"
        ".map((row) => [row.cells[0].textContent, row.cells[3].textContent])"
    )
    ends = [
        record.ends for record in audit
        if record.ends and any(s.signer == name and s.outcome is SignatureOutcome.ACCEPTED for s in record.signatures)
    ]  # fmt: skip
    assert dict(rows)[name] == f"{min(ends):%Y-%m-%d}"


def test_page_of_nothing_says_so(opened: Open) -> None:
    """An audit without artifacts has a page, too."""
    tab = opened([])
    assert "0 of 0 artifacts in 0 repositories" in tab.run("document.querySelector('.sentence').innerText")
    assert tab.complaints == []


def test_heading_of_a_shard_says_so(opened: Open) -> None:
    """The page of a shard has its number, and that of an audit without shards has none."""
    heading = "document.querySelector('header').innerText"
    header = audit_records.header()
    assert "Shard\n3/8" in opened(header=header._replace(shard=Shard(3, 8))).run(heading)
    assert "Shard" not in opened().run(heading)
