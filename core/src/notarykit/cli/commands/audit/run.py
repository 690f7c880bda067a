"""`notarykit audit run`, which is meant by `notarykit audit`, too."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import utc_now
from notarykit.audit.artifact_audit import ArtifactAudit
from notarykit.audit.header import AuditHeader, policy_digest
from notarykit.audit.inventory import InventoryOptions, list_artifacts
from notarykit.audit.inventory_item import InventoryItem
from notarykit.audit.record import ArtifactRecord
from notarykit.audit.selection import Selection, parse_selection
from notarykit.audit.shard import Shard, parse_shard
from notarykit.batch.executors import usable_cores
from notarykit.batch.ordered import NOTHING_YET, map_ordered
from notarykit.batch.work import Outcome
from notarykit.cli.batch.executor_choice import choose_executor
from notarykit.cli.batch.interruption import Interruption
from notarykit.cli.batch.progress import Progress
from notarykit.cli.commands.audit.audit_status import AuditStatus
from notarykit.cli.commands.audit.reporting import REPORTING_FLAGS, Reporting
from notarykit.cli.options import ANY_NUMBER, Arguments, Command, Flag, Options, from_flag
from notarykit.cli.references import DASK_FLAG, REGISTRY_FLAGS
from notarykit.cli.registries import NamedRegistries
from notarykit.cli.verifiers import VERIFIER_FLAGS, artifact_verifier
from notarykit.config.policy import load_policy
from notarykit.errors import UsageError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from notarykit.audit.repository_walk import Listed
    from notarykit.batch.ordered import Outcomes

# Lists of tags and manifests are small, and are waited for.
_LEAST_REQUESTS = 8
_DAYS = 24 * 3600


def _run(options: Options) -> int:
    options.exclusive("dask", "debug")
    selections = _selections(options)
    registries = NamedRegistries(options, sorted({selection.registry for selection in selections})).named
    verifier = artifact_verifier(options, load_policy())
    header = AuditHeader(
        tuple(map(str, selections)),
        parse_shard(options["shard"]) if options["shard"] else Shard(),
        options["recursive"],
        policy_digest(verifier),
        utc_now().replace(microsecond=0),
        options["ends-within"],
    )
    with ExitStack() as opened:
        opened.callback(registries.close)
        reporting = opened.enter_context(Reporting(options, header))
        jobs: int = options["jobs"] or int(options["debug"])
        listing = InventoryOptions(header.recursive, max(jobs or usable_cores(), _LEAST_REQUESTS), _warn)
        items = _mine(list_artifacts(registries, selections, listing), header.shard, reporting)
        executor: Executor | None = None
        if not options["debug"]:
            items, executor = choose_executor(items, jobs, opened, options["dask"] or "")
        outcomes = map_ordered(
            ArtifactAudit(verifier, registries), items, executor=executor, jobs=jobs or None, collects_warnings=True
        )
        opened.callback(outcomes.close)
        with Interruption(outcomes.request_stop) as interruption:
            _report(outcomes, reporting, interruption)
        return reporting.end()


def _report(
    outcomes: "Outcomes[InventoryItem, ArtifactRecord]", reporting: Reporting, interruption: Interruption
) -> None:
    """Reports the outcomes as they come.

    Raises:
        Interrupted: SIGINT or SIGTERM came; what was begun is recorded.
    """
    try:
        with Progress(AuditStatus(reporting.overview.counts).line) as progress:
            for outcome in outcomes:
                with progress.hidden():
                    for warning in outcome.warnings:
                        warnings.warn(warning, stacklevel=1)
                    reporting.add(outcome.item.unknown(outcome.error) if outcome.error else outcome.value())
    except KeyboardInterrupt:
        raise interruption.error(reporting.how_to_go_on()) from None
    if interruption.is_requested:
        raise interruption.error(reporting.how_to_go_on())


def _selections(options: Options) -> Sequence[Selection]:
    selections = [parse_selection(text) for text in options.arguments]
    if options["from"]:
        from notarykit.cli.batch.lines import sound_lines

        for line in sound_lines(options["from"]):
            try:
                selections.append(parse_selection(line.text, is_repository=True))
            except UsageError as error:
                raise error.within(line.place) from None
    if not selections:
        raise UsageError("missing registry", advice="name registries, or repositories in a file with --from")
    return selections


def _mine(
    listed: "Iterator[Listed]", shard: Shard, reporting: Reporting
) -> "Iterator[InventoryItem | Outcome[Listed, ArtifactRecord]]":
    """Yields the artifacts of the shard; the outcome where there is a record already, also in an interrupted audit."""
    for item in listed:
        if item is NOTHING_YET:
            yield item
        elif shard.has(item.digest, item.reference):
            record = item if isinstance(item, ArtifactRecord) else reporting.partial_file.earlier_record(item)
            yield item if isinstance(item, InventoryItem) and record is None else Outcome(item, record)


def _warn(text: str) -> None:
    print(f"Warning: {printable(text)}", file=sys.stderr)


COMMAND = Command(
    "[flags] <registry>[/<prefix>|/<repository>]...",
    "Audit the signatures of all artifacts in registries.",
    _run,
    (
        *REGISTRY_FLAGS,
        *REPORTING_FLAGS,
        *VERIFIER_FLAGS,
        DASK_FLAG,
        Flag("ends-within", "time within which ends of verdicts are reported", "duration", default=90 * _DAYS),
        from_flag("file with further repositories, registry/repository, one a line; - for standard input"),
        Flag("jobs", "number of artifacts that are verified at a time (default: the cores)", "number"),
        Flag("recursive", "audit the manifests below image indexes too", "switch", default=True),
        Flag("resume", "go on with an interrupted audit, which is in FILE.partial beside --output-file FILE", "switch"),
        Flag("shard", "part of the audit, {number}/{total} with numbers from 0, chosen by the artifacts' digests"),
    ),
    arguments=Arguments(0, ANY_NUMBER, "missing registry"),
    examples=(
        ("Audit a registry", "notarykit audit registry.example.com"),
        (
            "Audit the repositories under a path, and keep the inventory",
            "notarykit audit registry.example.com/team --output-file audit.jsonl --output-file audit.csv",
        ),
        (
            "Audit a large registry; the same command goes on after an interruption",
            "notarykit audit registry.example.com --resume --output none --output-file audit.jsonl",
        ),
        ("Say what changed since", "notarykit audit registry.example.com/team --since audit.jsonl"),
        ("Fail in CI on what is unsigned, too", "notarykit audit registry.example.com --fail-on failed,unsigned"),
        (
            "Audit the second of four shards",
            "notarykit audit registry.example.com --shard 1/4 --output-file audit-1.jsonl",
        ),
    ),
)
