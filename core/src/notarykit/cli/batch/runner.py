"""Runs an operation on each reference of a command: progress, failures, JSON output and the exit code."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from notarykit.cli.batch.operation import Operation, Result
from notarykit.cli.diagnostics import warnings_about
from notarykit.cli.output import print_json
from notarykit.cli.references import BadReference, Target
from notarykit.cli.spinner import progress
from notarykit.errors import NotarykitError, own_error


def run_each(operation: Operation) -> int:
    """Runs an operation on each reference, reports them in order, and prints JSON output.

    Returns:
        The gravest exit code.
    """
    results: list[tuple[Target | BadReference, Result]] = []
    pending: deque[tuple[Target | BadReference, Any]] = deque()

    def report(*, wait: bool) -> None:
        while pending:
            first, outcome = pending.popleft()  # an interruption that comes now names it
            if (result := _report(operation, first, outcome, wait=wait)) is None:
                pending.appendleft((first, outcome))
                break
            results.append((first, result))

    try:
        for target in operation.expanded(iter(operation.references)):
            pending.append((target, _run(operation, target)))
            report(wait=operation.references.is_one)
        report(wait=True)
    except KeyboardInterrupt:
        for target, outcome in pending:
            if isinstance(target, Target) and not isinstance(outcome, NotarykitError):
                operation.interrupted(target, outcome)
        raise
    if operation.options["output"] == "json":
        print_json({"results": [{"reference": target.text, **result.members} for target, result in results]})
    return gravest([result.exit_code for _, result in results])


def _run(operation: Operation, target: Target | BadReference) -> Any:
    if isinstance(target, BadReference):
        return target.error
    shown = progress(f"{operation.activity} {target.text}", quiet=operation.is_quiet)
    try:
        with warnings_about(target.text), shown:
            return operation.run(target)
    except Exception as error:  # noqa: BLE001 - the error of one reference does not end the work on others
        return own_error(error)


def _report(operation: Operation, target: Target | BadReference, outcome: Any, *, wait: bool) -> Result | None:
    try:
        if isinstance(target, BadReference) or isinstance(outcome, NotarykitError):
            raise outcome
        with warnings_about(target.text):
            return operation.report(target, outcome) if operation.is_final(outcome, wait=wait) else None
    except Exception as raised:  # noqa: BLE001 - as above
        error = own_error(raised)
        return Result(error.exit_code, operation.fail(target, error))


def gravest(codes: Sequence[int]) -> int:
    """Returns the exit code of several: 1 (not verified) before all others, then the highest."""
    return 1 if 1 in codes else max(codes, default=0)
