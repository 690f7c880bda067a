"""Operation of a command on each of its references."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from notarykit.cli.batch.references import References
from notarykit.cli.diagnostics import print_error
from notarykit.cli.options import Options
from notarykit.cli.output import error_json
from notarykit.cli.references import BadReference, Target, repositories
from notarykit.errors import NotarykitError


class Result(NamedTuple):
    """Result of a command for one reference.

    Attributes:
        exit_code: Exit code, if this were the only reference.
        members: Members of its JSON output, without `reference`.
    """

    exit_code: int
    members: dict[str, Any]


class Operation:
    """Operation of a command on each of its references: its work is done elsewhere, `report` prints the outcome.

    Attributes:
        activity: Verb of the progress line, such as `Verifying`.
        options: Options of the command.
        references: References of the command.
        repositories: Repositories of the references.
        is_quiet: True if no progress is shown, because a plugin may prompt on the terminal.
    """

    activity: str
    is_quiet = False

    def __init__(self, options: Options) -> None:
        self.options = options
        self.references = References(options)
        self.repositories = repositories(options, self.references.first)

    def expanded(self, targets: Iterator[Target | BadReference]) -> Iterator[Target | BadReference]:
        """Yields the artifacts that the references stand for, in their order; by default, one for each."""
        return targets

    def run(self, target: Target) -> Any:
        """Does the work on a reference; its error does not end the work on others."""
        raise NotImplementedError

    def is_final(self, outcome: Any, *, wait: bool) -> bool:  # noqa: ARG002 - for operations that end later
        """Returns False if the outcome of `run` may still change; with `wait` it waits until the outcome is final."""
        return True

    def report(self, target: Target, outcome: Any) -> Result:
        """Prints the outcome of the work and returns the result."""
        raise NotImplementedError

    def fail(self, target: Target | BadReference, error: NotarykitError) -> dict[str, Any]:
        """Prints the error of a reference and returns the members of its JSON output."""
        self.print_error(target, error, error.one_line())
        return {"error": error_json(error)}

    def print_error(self, target: Target | BadReference, error: NotarykitError, line: str) -> None:
        """Prints the line of an error; it names the reference if there are several."""
        if not self.references.is_one and target.text not in line:
            line = f"{target.text}: {line}"
        print_error(error, line, debug=self.options["debug"])

    def interrupted(self, target: Target, outcome: Any) -> None:
        """Prints what is left behind for a reference without a final outcome when the user interrupts."""
