"""Outputs of an audit: one on standard output, others in files by their extension."""

import io
import os
import sys
from collections.abc import Callable, Iterable
from typing import IO, NamedTuple, TextIO, cast

from notarykit._internal import files
from notarykit.audit.audit_file import AuditFile
from notarykit.audit.header import AuditHeader
from notarykit.audit.record import ArtifactRecord
from notarykit.cli.options import Flag, Options
from notarykit.errors import StorageError, UsageError

_Write = Callable[[Iterable[ArtifactRecord], AuditHeader, TextIO], None]


def _csv(records: Iterable[ArtifactRecord], _: AuditHeader, file: TextIO) -> None:
    from notarykit.audit.reports.csv_report import write_csv

    write_csv(records, file)


def _sarif(records: Iterable[ArtifactRecord], header: AuditHeader, file: TextIO) -> None:
    from notarykit.audit.reports.sarif_report import write_sarif

    write_sarif(records, header, file)


def _html(records: Iterable[ArtifactRecord], header: AuditHeader, file: TextIO) -> None:
    from notarykit.audit.reports.page import write_page

    write_page(records, header, file)


_WRITERS: dict[str, _Write] = {"csv": _csv, "html": _html, "sarif": _sarif}
_EXTENSIONS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".html": "html", ".sarif": "sarif", ".sarif.json": "sarif"
}  # fmt: skip
OUTPUT_FLAGS = (
    Flag(
        "output",
        "what is printed: table, jsonl (as it comes), csv, html, sarif or none",
        short="o",
        default="table",
        choices=("table", "jsonl", *_WRITERS, "none"),
    ),
    Flag(
        "output-file",
        f"file for a report, whose format is its extension: {', '.join(_EXTENSIONS)}; repeatable",
        "texts",
    ),
)


class Outputs(NamedTuple):
    """Outputs of an audit.

    Attributes:
        printed: Format of what is printed, or `none`.
        jsonl: Path of the JSON Lines file, or an empty string.
        reports: Path and format of each other file.
    """

    printed: str
    jsonl: str
    reports: tuple[tuple[str, str], ...]

    def write(self, path: str) -> None:
        """Writes all reports but the table; each file keeps its old content until the new one is whole.

        Args:
            path: JSON Lines of the audit.

        Raises:
            StorageError: A file cannot be written; the others are written all the same.
        """
        if not self.reports and self.printed not in _WRITERS:
            return
        audit = AuditFile(path)
        problems = [problem for path, form in self.reports if (problem := _write_file(path, form, audit))]
        if self.printed in _WRITERS:
            _WRITERS[self.printed](audit.records(), audit.header, cast("TextIO", sys.stdout))
        if problems:
            raise problems[0]


def outputs(options: Options) -> Outputs:
    """Returns the outputs that the flags name.

    Raises:
        UsageError: A file has an unknown extension, occurs twice, or two are of JSON Lines.
        StorageError: A file's folder does not exist or cannot be written.
    """
    formats = {path: _format_of(path) for path in options["output-file"]}
    if len(formats) < len(options["output-file"]):
        raise UsageError("--output-file names one file twice")
    recordings = [path for path, form in formats.items() if form == "jsonl"]
    if len(recordings) > 1:
        raise UsageError("--output-file names two files of JSON Lines")
    for path in formats:  # an audit takes long, and has nowhere to go then
        folder = os.path.dirname(path) or "."
        if not os.access(folder, os.W_OK | os.X_OK):
            raise StorageError(f"{path} cannot be written: no folder {folder} that this user may write to")
    reports = tuple((path, form) for path, form in formats.items() if form != "jsonl")
    return Outputs(options["output"], recordings[0] if recordings else "", reports)


def _format_of(path: str) -> str:
    for extension, form in _EXTENSIONS.items():
        if path.lower().endswith(extension):
            return form
    known = ", ".join(_EXTENSIONS)
    raise UsageError(f"--output-file {path!r} has none of the known extensions", advice=f"use one of {known}")


def _write_file(path: str, form: str, audit: AuditFile) -> StorageError | None:
    try:
        with files.replacing(path) as file:
            text = io.TextIOWrapper(cast("IO[bytes]", file), "utf-8", newline="", write_through=True)
            _WRITERS[form](audit.records(), audit.header, text)
            text.detach()
    except StorageError as error:
        return error
    return None
