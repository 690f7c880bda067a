"""Reporting of an audit: its records go to a file, to the counts and to the comparison with an earlier audit."""

import sys
from typing import Self

from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from notarykit.audit.audit_file import AuditFile
from notarykit.audit.changes import Change, Comparison
from notarykit.audit.counts import Finding
from notarykit.audit.header import AuditHeader
from notarykit.audit.partial_file import PartialFile
from notarykit.audit.record import ArtifactRecord, ArtifactVerdict
from notarykit.audit.reports.overview import Overview
from notarykit.cli.commands.audit.outputs import OUTPUT_FLAGS, outputs
from notarykit.cli.options import Flag, Options
from notarykit.errors import StorageError, UsageError

_NONE = "none"
_MOST_WARNINGS = 20
REPORTING_FLAGS = (
    *OUTPUT_FLAGS,
    Flag(
        "fail-on",
        f"findings for which the exit code is 1, separated by commas: {', '.join(Finding)}; or none",
        default=Finding.FAILED.value,
    ),
    Flag("since", "JSON Lines of an earlier audit, with which this one is compared"),
)


class Reporting:
    """Reporting of an audit; a context manager.

    Args:
        options: Options of the command.
        header: Header of the audit.

    Attributes:
        partial_file: File of the audit in progress.
        overview: Overview of the records so far.

    Raises:
        UsageError: A flag is malformed, or `--resume` goes on with another audit.
        StorageError: A file cannot be read or written.
    """

    def __init__(self, options: Options, header: AuditHeader) -> None:
        self._findings = _findings(options["fail-on"])
        self._outputs = outputs(options)
        self._comparison = Comparison(AuditFile(options["since"]), header) if options["since"] else None
        self._changes: list[Change] = []
        self._unread = 0
        is_resumed = bool(options.values.get("resume"))
        if is_resumed and not self._outputs.jsonl:
            raise UsageError(
                "--resume requires an --output-file of JSON Lines, beside which interrupted audits are kept"
            )
        echo = sys.stdout.write if self._outputs.printed == "jsonl" else None
        self.partial_file = PartialFile(self._outputs.jsonl, header, is_resumed=is_resumed, echo=echo)
        self.overview = Overview(header, None if self._comparison is None else self._changes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.partial_file.close()

    def add(self, record: ArtifactRecord) -> None:
        """Adds a record.

        Raises:
            StorageError: It cannot be written.
        """
        self.partial_file.add(record)
        self.overview.add(record)
        if self._comparison is not None and (change := self._comparison.change(record)) is not None:
            self._changes.append(change)
        if not record.digest:
            self._warn(record)

    def _warn(self, record: ArtifactRecord) -> None:
        """Warns that a registry, repository or tag could not be read; all of them are in the reports."""
        self._unread += 1
        if self._unread <= _MOST_WARNINGS:
            line = f"{record.reason}: {record.advice}" if record.advice else record.reason
            line = line if record.name in line else f"{record.reference}: {line}"
            print(f"Warning: {printable(line)}", file=sys.stderr)

    def how_to_go_on(self) -> str:
        """Returns how far an interrupted audit came, and how another goes on."""
        done = self.overview.counts.total
        if not self._outputs.jsonl:
            return f"{done} artifacts are audited: with an --output-file of JSON Lines, --resume goes on where it was"
        return f"{done} artifacts are audited, in {self.partial_file.path}: run the same command with --resume to go on"

    def end(self, *, is_complete: bool = True) -> int:
        """Writes all outputs, and returns the exit code.

        Args:
            is_complete: False where parts of the audit are missing: the reports are made all the same.

        Raises:
            StorageError: An output cannot be written; its old content is intact.
        """
        if self._comparison is not None:
            self._changes += self._comparison.gone()
        counts = self.overview.counts
        summary = {"finishedAt": format_rfc3339(utc_now()), **counts.to_json()}
        self.partial_file.complete(self._changes, summary if is_complete else None)
        problem: StorageError | None = None
        try:
            self._outputs.write(self.partial_file.path)
        except StorageError as error:
            problem = error
        self.partial_file.publish()
        if self._outputs.printed == "table":
            print("\n".join(self.overview.lines()))
        if problem is not None:
            raise problem
        if any(map(counts.has, self._findings)):
            return 1
        return StorageError.exit_code if counts.statuses[ArtifactVerdict.UNKNOWN] or not is_complete else 0


def _findings(text: str) -> list[Finding]:
    if text == _NONE:
        return []
    try:
        return [Finding(word) for word in text.split(",")]
    except ValueError:
        known = ", ".join((*Finding, _NONE))
        raise UsageError(f"unrecognized value {text!r} of --fail-on", advice=f"use {known}") from None
