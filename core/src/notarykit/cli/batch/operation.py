"""Operation of a command on each of its references."""

import sys
from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from notarykit._internal.printable import printable
from notarykit.batch.work import Work
from notarykit.cli.batch.references import References
from notarykit.cli.diagnostics import kind_of, print_error
from notarykit.cli.options import Options
from notarykit.cli.references import BadReference, Target, repositories
from notarykit.errors import ArtifactNotFoundError, NotarykitError


class Result(NamedTuple):
    """Result of a command for one reference.

    Attributes:
        exit_code: Exit code, if this were the only reference.
        members: Members of its JSON output, without `reference`.
        document: JSON output for one reference alone, where that has a form of its own.
        ends: Time from which the result may be another with nothing changed, or None.
    """

    exit_code: int
    members: dict[str, Any]
    document: Mapping[str, Any] | None = None
    ends: datetime | None = None


class Record(NamedTuple):
    """Success that a journal records.

    Attributes:
        text: Reference, as it was written.
        members: Members of its JSON output.
        time: Time of the record, to the second.
        ends: Time from which the result may be another with nothing changed, or None.
        is_private: True if users other than this one and root cannot write the journal.
    """

    text: str
    members: dict[str, Any]
    time: datetime
    ends: datetime | None
    is_private: bool


class Operation:
    """Operation of a command on each of its references: `work` does it, `report` prints the outcome.

    Attributes:
        command: Name of the command.
        activity: Verb of the progress line, such as `Verifying`.
        work: Work on a reference, which may be done in another process.
        options: Options of the command.
        references: References of the command.
        repositories: Repositories of the references.
        has_document: True if the JSON output for one reference alone has a form of its own.
        is_quiet: True if no progress is shown, because a plugin may prompt on the terminal.
        is_local: True if the work is done in this process alone.
        jobs: Number of references that are worked on at a time; 0 for one on each core.
        scheduler: Address of the Dask scheduler whose workers do the work, or an empty string.
    """

    command: str
    activity: str
    work: Work[Target, Any, Any]
    has_document = False
    is_quiet = False
    scheduler = ""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.references = References(options)
        self.repositories = repositories(options, self.references.first)
        self.is_local: bool = options["debug"]
        self._traced: set[Hashable] = set()
        self.jobs: int = options.values.get("jobs") or int(self.is_local)

    @property
    def _is_expanded(self) -> bool:
        """True if a reference may stand for several artifacts."""
        return bool(self.options.values.get("recursive") or self.options.values.get("platform"))

    @property
    def _has_one_artifact(self) -> bool:
        return self.references.is_one and not self._is_expanded

    @property
    def is_alone(self) -> bool:
        """True if the command is about one artifact, in this process, and keeps no journal."""
        return self._has_one_artifact and not self.options.values.get("resume") and not self.scheduler

    @property
    def may_wait(self) -> bool:
        """True if the next reference may have to be waited for, such as on standard input."""
        return self.references.may_wait

    def count(self) -> int | None:
        """Returns the number of references that `expanded` yields, or None if it is unknown."""
        return None if self._is_expanded else self.references.count()

    def expanded(self, targets: Iterator[Target | BadReference]) -> Iterator[Target | BadReference]:
        """Yields the artifacts that the references stand for, in their order: one each without flags for indexes."""
        if not self._is_expanded:
            return targets
        from notarykit.cli.batch.expansion import Expansion

        return Expansion(self.options, self.repositories, self.is_expandable).expanded(targets)

    def is_expandable(self, target: Target) -> bool:  # noqa: ARG002 - for operations that are about some artifacts alone
        """Returns False for a reference whose repository is not contacted."""
        return True

    def prepare(self) -> None:
        """Prepares the work on many references, before the first of them."""

    def identity(self) -> dict[str, Any]:
        """Returns the members of a journal that tell this run from others, beside the command and its flags."""
        return {}

    def accepts(self, record: Record, target: Target) -> bool:  # noqa: ARG002 - for operations whose results age
        """Returns True if a journal's record of success spares the work on a reference; it does if nobody forged it."""
        return record.is_private

    def announce(self, target: Target) -> None:
        """Prints warnings about a reference before its outcome."""

    def report(self, target: Target, outcome: Any) -> Result:
        """Prints the outcome of the work and returns the result."""
        raise NotImplementedError

    def failed(self, target: Target | BadReference, error: NotarykitError) -> Result:
        """Prints the error of a reference and returns the result."""
        if isinstance(target, Target) and target.may_be_absent and isinstance(error, ArtifactNotFoundError):
            return Result(0, self.pass_over(target))
        return Result(error.exit_code, self.fail(target, error))

    def fail(self, target: Target | BadReference, error: NotarykitError) -> dict[str, Any]:
        """Prints the error of a reference and returns the members of its JSON output."""
        self.print_error(target, error, error.one_line())
        return {"error": error.to_json()}

    def pass_over(self, target: Target) -> dict[str, Any]:
        """Prints that an artifact is absent which an image index lists, and returns the members of its JSON output.

        An index may list more than a mirror holds, and what is not there can be neither signed nor pulled.
        """
        name, platform = printable(target.text), printable(f" ({target.platform})" if target.platform else "")
        print(f"Warning: {name}{platform} is listed by an image index, and absent", file=sys.stderr)
        return {"absent": True}

    def print_error(self, target: Target | BadReference, error: NotarykitError, line: str) -> None:
        """Prints the line of an error, which names the reference if there are several.

        Under `--debug`, the first error of each kind has its traceback.
        """
        if not self._has_one_artifact and target.text not in line:
            line = f"{target.text}: {line}"
        print_error(error, line, debug=self.options["debug"] and self._is_new_kind(error))

    def _is_new_kind(self, error: NotarykitError) -> bool:
        kind = kind_of(error)
        is_new = kind not in self._traced
        self._traced.add(kind)
        return is_new

    def warn_of_limit(self, target: Target, *, is_cut: bool) -> None:
        """Warns that an artifact has more signatures than `--max-signatures`."""
        if is_cut:
            limit = self.options["max-signatures"]
            text = f"there are more signatures than the limit of {limit}: see --max-signatures"
            prefix = "" if self.references.is_one else f"{printable(target.text)}: "
            print(f"Warning: {prefix}{text}", file=sys.stderr)
