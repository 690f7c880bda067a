"""Overview of an audit for people."""

from typing import Any

import pytest

from notarykit.audit.changes import Change, ChangeKind
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.reports import overview
from notarykit.audit.reports.overview import Overview
from notarykit.audit.shard import Shard
from notarykit.oci.manifest import IMAGE_INDEX
from tests.support.records import AUDITED_AT, make_record

_HEADER = AuditHeader(("registry.example.com",), Shard(), True, "sha256:00", AUDITED_AT, 90 * 24 * 3600)
_NAME = "registry.example.com/software/net-monitor"


def _text(*records: ArtifactRecord, changes: list[Change] | None = None, **header: Any) -> str:
    shown = Overview(_HEADER._replace(**header), changes)
    for record in records:
        shown.add(record)
    return "\n".join(shown.lines())


def test_one_repository() -> None:
    """Where all is well there is a table and nothing else."""
    assert _text(make_record(1), make_record(2)) == (
        "REPOSITORY                                 ARTIFACTS  VERIFIED\n"
        "registry.example.com/software/net-monitor          2         2"
    )


def test_counts_then_failures_then_ends() -> None:
    """Counts come first, then what is to be looked at with its reason, then what ends soon, the soonest first."""
    failed = {"verdict": ArtifactVerdict.FAILED, "reason": "expiry: the signature expired", "ends": None}
    unsigned = {"verdict": ArtifactVerdict.UNSIGNED, "reason": "no signature", "ends": None}
    index = make_record(5, media_type=IMAGE_INDEX, ends=None)
    text = _text(
        make_record(1, ends=AUDITED_AT.replace(month=8)),
        make_record(2, ends=AUDITED_AT.replace(month=7), tags=()),
        make_record(3, **failed),
        make_record(4, repository="b", **unsigned),
        index,
        make_record(6, parent=index.digest, tags=(), **unsigned),
        make_record(7, repository="b", digest="", verdict=ArtifactVerdict.UNKNOWN, reason="gone", ends=None),
    )
    assert text == (
        "REPOSITORY                                 ARTIFACTS  VERIFIED  FAILED  UNSIGNED  UNKNOWN  PART\n"
        "registry.example.com/software/net-monitor          5         3       1         -        -     1\n"
        "registry.example.com/b                             2         -       -         1        1     -\n"
        "in all                                             7         3       1         1        1     1\n"
        "\n"
        "Not accepted (1):\n"
        f"  {_NAME}@sha256:{3:064x} (v3): expiry: the signature expired\n"
        "\n"
        "Could not be read (1):\n"
        "  registry.example.com/b:v7: gone\n"
        "\n"
        "Unsigned (1):\n"
        f"  registry.example.com/b@sha256:{4:064x} (v4)\n"
        "\n"
        "Ends within 90 days (2):\n"
        f"  2026-07-01T12:00:00Z  {_NAME}@sha256:{2:064x} (certificate)\n"
        f"  2026-08-01T12:00:00Z  {_NAME}@sha256:{1:064x} (v1) (certificate)"
    )


def test_long_lists_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand failures make no ten thousand lines, and the counts have them all."""
    monkeypatch.setattr(overview, "MOST_LINES", 3)
    records = [make_record(number, verdict=ArtifactVerdict.FAILED, reason="r", ends=None) for number in range(10)]
    ending = [make_record(number, ends=AUDITED_AT.replace(day=11 - number % 10)) for number in range(10)]
    text = _text(*records, *ending)
    assert text.count(": r\n") == 3
    assert text.count("  … and 7 more") == 2
    assert "Not accepted (10):" in text
    assert [line.split("T")[0].strip() for line in text.splitlines() if line.endswith("(certificate)")] == [
        "2026-06-02", "2026-06-03", "2026-06-04"
    ]  # fmt: skip


def test_comparison_without_changes_says_so() -> None:
    """Nothing at all would leave open whether there was a comparison."""
    assert _text(make_record(), changes=[]).endswith("\n\nNo changes")
    assert "hanges" not in _text(make_record())


def test_changes_are_listed() -> None:
    """Each change has its kind and the verdicts before and after."""
    ends = AUDITED_AT.replace(month=8)
    changes = [
        Change(ChangeKind.NEW, "r/a@1", "", "unsigned"),
        Change(ChangeKind.CHANGED, "r/a@2", "verified", "failed"),
        Change(ChangeKind.ENDING, "r/a@3", "verified", "verified", ends),
        Change(ChangeKind.GONE, "r/a@4", "verified", ""),
    ]
    assert _text(make_record(), changes=changes).endswith(
        "\n\nChanges (4):\n"
        "  new: r/a@1 (unsigned)\n"
        "  changed: r/a@2 (verified -> failed)\n"
        "  ending: r/a@3 (verified -> verified, ends 2026-08-01T12:00:00Z)\n"
        "  gone: r/a@4 (verified)"
    )


def test_control_characters_are_escaped() -> None:
    """Text of registries and certificates does nothing to the terminal."""
    hostile = "\x1b]0;x\x07\u202e\n"
    text = _text(
        make_record(
            repository=hostile, tags=(hostile,), verdict=ArtifactVerdict.FAILED, reason=hostile, policy=hostile
        ),
        changes=[Change(ChangeKind.NEW, hostile, "", "failed")],
    )
    assert not set("\x1b\x07\u202e") & set(text)
    assert text.count("\\x1b]0;x\\x07\\u202e\\n") == 5


def test_many_reasons_are_counted() -> None:
    """More than twenty artifacts with a reason begin with its kinds, without what is one artifact's alone."""
    expired = [
        make_record(number, verdict=ArtifactVerdict.FAILED, reason=f"expired (signature sha256:{number:064x})")
        for number in range(1, 15)
    ]
    refused = {"verdict": ArtifactVerdict.UNKNOWN, "reason": "connection \x1brefused"}
    unread = [make_record(number, **refused) for number in range(15, 21)]
    unsigned = make_record(30, verdict=ArtifactVerdict.UNSIGNED, reason="no signature")
    assert "Reasons" not in _text(*expired, *unread, unsigned)
    no_policy = make_record(21, verdict=ArtifactVerdict.NO_POLICY, reason="no policy applies")
    lines = _text(*expired, *unread, unsigned, no_policy).split("\n\n")[1].splitlines()
    assert lines == [
        "Reasons, the most frequent first:",
        "      14  expired (signature …)",
        "       6  connection \\x1brefused",
        "       1  no policy applies",
    ]
