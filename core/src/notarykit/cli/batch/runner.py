"""Runs an operation on the references of a command."""

from notarykit.cli.batch.operation import Operation, Result
from notarykit.cli.diagnostics import warnings_about
from notarykit.cli.output import print_json
from notarykit.cli.references import Target
from notarykit.cli.spinner import progress
from notarykit.errors import own_error


def run_each(operation: Operation) -> int:
    """Runs an operation on each reference, reports them in order, and prints JSON output.

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


def _run_one(operation: Operation) -> int:
    """Runs an operation on the only reference."""
    (target,) = operation.references.arguments
    result = _run_alone(operation, target)
    output = operation.options["output"]
    if result.document is not None and output == "json":
        print_json(result.document)
    elif output != "text":  # which the operation has printed
        from notarykit.cli.batch.results import results_in

        results = results_in(output)
        results.add(target.text, result.members)
        results.end()
    return result.exit_code


def _run_alone(operation: Operation, target: Target) -> Result:
    shown = progress(f"{operation.activity} {target.text}", quiet=operation.is_quiet)
    try:
        with warnings_about(target.text):
            operation.announce(target)
            with shown:
                outcome = operation.work.finish(operation.work.begin(target))
            return operation.report(target, outcome)
    except Exception as raised:
        if operation.has_document and operation.options["output"] != "jsonl":
            raise
        return operation.failed(target, own_error(raised))
