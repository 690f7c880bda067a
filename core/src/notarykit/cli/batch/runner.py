"""Runs an operation on the items of a command."""

from functools import partial
from typing import Any

from notarykit.cli.batch.operation import AnOperation, Result
from notarykit.cli.diagnostics import warnings_about
from notarykit.cli.output import print_json
from notarykit.cli.spinner import progress
from notarykit.errors import own_error


def run_each(operation: AnOperation) -> int:
    """Runs an operation on each item, reports them in order, and prints JSON output.

    Returns:
        The gravest exit code: 1 (not verified) before all others, then the highest.
    """
    try:
        if operation.is_alone:
            return _run_one(operation)
        from notarykit.cli.batch.many import run_many

        return run_many(operation)
    finally:
        operation.work.close()


def _run_one(operation: AnOperation) -> int:
    """Runs an operation on the only item."""
    (item,) = operation.items.arguments
    result = _run_alone(operation, item)
    output = operation.options["output"]
    if result.document is not None and output == "json":
        print_json(result.document)
    elif output in ("json", "jsonl"):  # all else the operation has printed
        from notarykit.cli.batch.results import results_in

        results = results_in(output, operation.noun)
        results.add(item.text, result.members)
        results.end()
    return result.exit_code


def _run_alone(operation: AnOperation, item: Any) -> Result:
    shown = progress(partial(operation.progress, item), quiet=operation.is_quiet)
    try:
        with warnings_about(item.text):
            operation.announce(item)
            with shown:
                outcome = operation.work.finish(operation.work.begin(item))
            return operation.report(item, outcome)
    except Exception as raised:
        if operation.has_document and operation.options["output"] != "jsonl":
            raise
        return operation.failed(item, own_error(raised))
