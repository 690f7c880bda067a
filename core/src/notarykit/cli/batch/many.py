"""Runs an operation on many items side by side: outcomes in order, progress, a journal, interruption."""

import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from notarykit.batch.ordered import NOTHING_YET, Outcomes, map_ordered
from notarykit.batch.read_ahead import read_ahead
from notarykit.batch.work import Outcome
from notarykit.cli.batch.executor_choice import choose_executor
from notarykit.cli.batch.interruption import Interruption
from notarykit.cli.batch.items import FailedItem
from notarykit.cli.batch.journal import Journal, open_journal
from notarykit.cli.batch.operation import AnOperation, Record, Result
from notarykit.cli.batch.progress import Progress
from notarykit.cli.batch.results import results_in
from notarykit.cli.batch.status import Status
from notarykit.cli.batch.tally import Tally
from notarykit.cli.diagnostics import print_error, warnings_about
from notarykit.errors import own_error

if TYPE_CHECKING:
    from concurrent.futures import Executor

# Items that are read ahead of the work.
_AHEAD = 256

_Outcome = Outcome[Any, Any]


def run_many(operation: AnOperation) -> int:
    """Runs an operation on each item, reports them in order, and prints JSON output and a summary.

    Returns:
        The gravest exit code.

    Raises:
        Interrupted: SIGINT or SIGTERM came; what was begun has ended.
    """
    operation.prepare()
    with ExitStack() as opened:
        journal = open_journal(operation)
        if journal is not None:
            opened.enter_context(journal)
        run = _Run(operation, journal)
        opened.enter_context(run.progress)
        opened.enter_context(run.interruption)
        return run.run(opened)


class _Run:
    def __init__(self, operation: AnOperation, journal: Journal | None) -> None:
        self._operation = operation
        self._journal = journal
        self._tally = Tally()
        self._results = results_in(operation.options["output"], operation.noun)
        self._in_flight = 0
        self._outcomes: Outcomes[Any, Any] | None = None
        status = Status(operation.activity, self._tally, operation.count)
        self.progress = Progress(status.line, plain=operation.is_quiet)
        self.interruption = Interruption(self._stop)

    def run(self, opened: ExitStack) -> int:
        """Runs the operation and ends its output."""
        try:
            self._run_all(opened)
        except Exception as raised:
            if not self._tally.count:
                raise
            error = own_error(raised)
            self._results.end(error)
            print_error(raised, error.one_line(), debug=self._operation.options["debug"])
            return error.exit_code
        except KeyboardInterrupt:
            self._results.end()
            raise self.interruption.error(self._progress_made()) from None
        self._results.end()
        if self.interruption.is_requested:
            raise self.interruption.error(self._progress_made())
        return self._end()

    def _run_all(self, opened: ExitStack) -> None:
        operation = self._operation
        items, executor = self._with_executor(self._items(), opened)
        self._outcomes = map_ordered(
            operation.work, items, executor=executor, jobs=operation.jobs or None, collects_warnings=True
        )
        opened.callback(self._outcomes.close)
        for outcome in self._outcomes:
            self._in_flight -= 1
            self._take(outcome)

    def _with_executor(self, items: Iterator[Any], opened: ExitStack) -> "tuple[Iterator[Any], Executor | None]":
        """Returns the items, and the executor that has them done elsewhere, if any."""
        if self._operation.is_local:
            return items, None
        return choose_executor(items, self._operation.jobs, opened, self._operation.scheduler)

    def _items(self) -> Iterator[Any]:
        """Yields the items, until the run is interrupted; an outcome that is known is taken at once, if it may."""
        items = self._operation.each()
        for item in read_ahead(items, _AHEAD) if self._operation.items.may_wait else items:
            if self.interruption.is_requested:
                return
            if item is NOTHING_YET:
                yield item
                continue
            settled = self._settled(item)
            if settled is not None and not self._in_flight:
                self._take(settled)
                continue
            self._in_flight += 1
            yield settled or item

    def _settled(self, item: Any) -> _Outcome | None:
        """Returns the outcome of what needs no work: a failed item, or one that the journal records as done."""
        if isinstance(item, FailedItem):
            return Outcome(item, error=item.error)
        record = None if self._journal is None else self._journal.recorded(item.text)
        return Outcome(record) if record is not None and self._operation.accepts(record, item) else None

    def _take(self, outcome: _Outcome) -> None:
        """Takes an outcome: prints it, and records it in the journal."""
        item = outcome.item
        with self.progress.hidden():
            if isinstance(item, Record):
                result = Result(0, item.members)
                self._tally.recorded += 1
            else:
                result = self._reported(outcome)
                if not isinstance(item, FailedItem) and (members := self._operation.origin(item)):
                    result = result._replace(members={**members, **result.members})
                if self._journal is not None:
                    self._journal.write(item.text, result)
            self._tally.add(item.text, result)
            self._results.add(item.text, result.members)

    def _reported(self, outcome: _Outcome) -> Result:
        item = outcome.item
        try:
            with warnings_about(item.text):
                if not isinstance(item, FailedItem):
                    self._operation.announce(item)
                for warning in outcome.warnings:
                    warnings.warn(warning, stacklevel=1)
                return self._operation.report(item, outcome.value())
        except Exception as raised:  # noqa: BLE001 - the error of one item does not end the work on others
            return self._operation.failed(item, own_error(raised))

    def _stop(self) -> None:
        if self._outcomes is not None:
            self._outcomes.request_stop()

    def _progress_made(self) -> str:
        """Returns how far the run came, and how it is gone on with."""
        tally = self._tally
        total = self._operation.count()
        remain = "the others remain" if total is None else f"{max(0, total - tally.count)} remain"
        made = f"{tally.done} done, {tally.failed} failed, {remain}"
        if "resume" not in self._operation.options.values:
            return made
        path = self._operation.options["resume"]
        advice = (
            f"run the same command again, with --resume {path}"
            if path
            else "with --resume FILE, a run goes on where it was"
        )
        return f"{made}: {advice}"

    def _end(self) -> int:
        if self._tally.is_large:
            sys.stdout.flush()
            for line in self._tally.summary(self._operation.noun):
                print(line, file=sys.stderr)
        return self._tally.exit_code
