"""`notarykit audit merge`."""

import sys

from notarykit._internal.printable import printable
from notarykit.audit.audit_file import AuditFile
from notarykit.audit.merging import check_shards, merged_header
from notarykit.cli.commands.audit.reporting import REPORTING_FLAGS, Reporting
from notarykit.cli.options import Arguments, Command, Flag, Options


def _run(options: Options) -> int:
    shards = [AuditFile(path) for path in options.arguments]
    missing = check_shards(shards, partial=options["partial"])
    for problem in missing:
        print(f"Warning: {printable(problem)}", file=sys.stderr)
    with Reporting(options, merged_header(shards)) as reporting:
        for shard in shards:
            for record in shard.records():
                reporting.add(record)
        return reporting.end(is_complete=not missing)


COMMAND = Command(
    "[flags] <file>...",
    "Put the shards of an audit together, or make other reports of one audit.",
    _run,
    (
        *REPORTING_FLAGS,
        Flag("partial", "merge without the shards that are missing or were interrupted", "switch"),
    ),
    arguments=Arguments(1, 10_000, "missing file of an audit in JSON Lines"),
    examples=(
        (
            "Put four shards together",
            "notarykit audit merge audit-0.jsonl audit-1.jsonl audit-2.jsonl audit-3.jsonl --output-file audit.jsonl",
        ),
        ("Make a CSV file of an audit", "notarykit audit merge audit.jsonl --output none --output-file audit.csv"),
    ),
)
