"""Runs a command on each of its references: progress, failures, JSON output and the exit code."""

from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from notarykit.cli.diagnostics import print_error, warnings_about
from notarykit.cli.options import Options
from notarykit.cli.output import error_json, print_json
from notarykit.cli.references import Target, targets
from notarykit.cli.spinner import position, progress
from notarykit.errors import NotarykitError, own_error


class Result(NamedTuple):
    """Result of a command for one reference.

    Attributes:
        exit_code: Exit code, if this were the only reference.
        members: Members of its JSON output, without `reference`.
    """

    exit_code: int
    members: dict[str, Any]


class Operation:
    """Work of a command on each of its references: `run` does it, `report` prints the outcome.

    Attributes:
        options: Options of the command.
        targets: Artifacts of its references.
        activity: Verb of the progress line, such as `Verifying`.
        is_quiet: True if no progress is shown, because a plugin may prompt on the terminal.
    """

    activity: str
    is_quiet = False

    def __init__(self, options: Options) -> None:
        self.options = options
        self.targets = targets(options)

    def run(self, target: Target) -> Any:
        """Does the work on a reference; its error does not end the work on others."""
        raise NotImplementedError

    def is_final(self, outcome: Any, *, wait: bool) -> bool:  # noqa: ARG002 - for operations that end later
        """Returns False if the outcome of `run` may still change; with `wait` it waits until the outcome is final."""
        return True

    def report(self, target: Target, outcome: Any) -> Result:
        """Prints the outcome of `run` and returns the result."""
        raise NotImplementedError

    def fail(self, target: Target, error: NotarykitError) -> dict[str, Any]:
        """Prints the error of a reference and returns the members of its JSON output."""
        self.print_error(target, error, error.one_line())
        return {"error": error_json(error)}

    def print_error(self, target: Target, error: NotarykitError, line: str) -> None:
        """Prints the line of an error; it names the reference if there are several."""
        if len(self.targets) > 1 and target.text not in line:
            line = f"{target.text}: {line}"
        print_error(error, line, debug=self.options["debug"])

    def interrupted(self, target: Target, outcome: Any) -> None:
        """Prints what is left behind for a reference without a final outcome when the user interrupts."""


def run_each(operation: Operation) -> int:
    """Runs an operation on each reference, reports them in order, and prints JSON output.

    Returns:
        The gravest exit code.
    """
    total = len(operation.targets)
    results: list[tuple[Target, Result]] = []
    pending: deque[tuple[Target, Any]] = deque()
    try:
        for number, target in enumerate(operation.targets, 1):
            pending.append((target, _run(operation, target, position(number, total))))
            while pending:
                first, outcome = pending.popleft()  # an interruption that comes now names it
                if (result := _report(operation, first, outcome, wait=number == total)) is None:
                    pending.appendleft((first, outcome))
                    break
                results.append((first, result))
    except KeyboardInterrupt:
        for target, outcome in pending:
            if not isinstance(outcome, NotarykitError):
                operation.interrupted(target, outcome)
        raise
    if operation.options["output"] == "json":
        print_json({"results": [{"reference": target.text, **result.members} for target, result in results]})
    return gravest([result.exit_code for _, result in results])


def _run(operation: Operation, target: Target, suffix: str) -> Any:
    shown = progress(f"{operation.activity} {target.text}{suffix}", quiet=operation.is_quiet)
    try:
        with warnings_about(target.text), shown:
            return operation.run(target)
    except Exception as error:  # noqa: BLE001 - the error of one reference does not end the work on others
        return own_error(error)


def _report(operation: Operation, target: Target, outcome: Any, *, wait: bool) -> Result | None:
    try:
        if isinstance(outcome, NotarykitError):
            raise outcome
        with warnings_about(target.text):
            return operation.report(target, outcome) if operation.is_final(outcome, wait=wait) else None
    except Exception as raised:  # noqa: BLE001 - as above
        error = own_error(raised)
        return Result(error.exit_code, operation.fail(target, error))


def gravest(codes: Sequence[int]) -> int:
    """Returns the exit code of several: 1 (not verified) before all others, then the highest."""
    return 1 if 1 in codes else max(codes, default=0)
