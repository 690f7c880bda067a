"""Operation of a command on each of its items."""

from collections.abc import Hashable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple

from notarykit.batch.work import Work
from notarykit.cli.batch.items import AnItem, FailedItem, Items
from notarykit.cli.diagnostics import kind_of, print_error
from notarykit.cli.options import Options
from notarykit.errors import NotarykitError


class Result(NamedTuple):
    """Result of a command for one item.

    Attributes:
        exit_code: Exit code, if this were the only item.
        members: Members of its JSON output, without the one that names the item.
        document: JSON output for one item alone, where that has a form of its own.
        ends: Time from which the result may be another with nothing changed, or None.
    """

    exit_code: int
    members: dict[str, Any]
    document: Mapping[str, Any] | None = None
    ends: datetime | None = None


class Record(NamedTuple):
    """Success that a journal records.

    Attributes:
        text: Item, as it was written.
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


class Operation(Generic[AnItem]):
    """Operation of a command on each of its items: `work` does it, `report` prints the outcome.

    Args:
        options: Options of the command.
        items: Items of the command.

    Attributes:
        command: Name of the command.
        noun: What an item is; it is named so in JSON output and in summaries.
        activity: Verb of the progress line, such as `Verifying`.
        work: Work on an item, which may be done in another process.
        options: Options of the command.
        items: Items of the command.
        has_document: True if the JSON output for one item alone has a form of its own.
        is_quiet: True if no progress is shown, because a plugin may prompt on the terminal.
        is_local: True if the work is done in this process alone.
        jobs: Number of items that are worked on at a time; 0 for one on each core.
        scheduler: Address of the Dask scheduler whose workers do the work, or an empty string.
    """

    command: str
    noun: str
    activity: str
    work: Work[AnItem, Any, Any]
    has_document = False
    is_quiet = False
    scheduler = ""

    def __init__(self, options: Options, items: Items[AnItem]) -> None:
        self.options = options
        self.items = items
        self.is_local: bool = options["debug"]
        self._traced: set[Hashable] = set()
        self.jobs: int = options.values.get("jobs") or int(self.is_local)

    @property
    def has_one_item(self) -> bool:
        """True if the command is about one item, which it need not name in its messages."""
        return self.items.is_one

    @property
    def is_alone(self) -> bool:
        """True if the command is about one item, in this process, and keeps no journal."""
        return self.has_one_item and not self.options.values.get("resume") and not self.scheduler

    def each(self) -> Iterator[AnItem | FailedItem]:
        """Yields the items, in their order."""
        return iter(self.items)

    def count(self) -> int | None:
        """Returns the number of items that `each` yields, or None if it is unknown."""
        return self.items.count()

    def prepare(self) -> None:
        """Prepares the work on many items, before the first of them."""

    def identity(self) -> dict[str, Any]:
        """Returns the members of a journal that tell this run from others, beside the command and its flags."""
        return {}

    def accepts(self, record: Record, item: AnItem) -> bool:  # noqa: ARG002 - for operations whose results age
        """Returns True if a journal's record of success spares the work on an item; it does if nobody forged it."""
        return record.is_private

    def progress(self, item: AnItem) -> str:
        """Returns the progress line of the work on the only item."""
        return f"{self.activity} {item.text}"

    def announce(self, item: AnItem) -> None:
        """Prints warnings about an item before its outcome."""

    def report(self, item: AnItem, outcome: Any) -> Result:
        """Prints the outcome of the work and returns the result."""
        raise NotImplementedError

    def origin(self, item: AnItem) -> dict[str, Any]:  # noqa: ARG002 - for items that stand for others
        """Returns the members of an item's JSON output that tell where it comes from, whatever its result."""
        return {}

    def failed(self, item: AnItem | FailedItem, error: NotarykitError) -> Result:
        """Prints the error of an item and returns the result."""
        return Result(error.exit_code, self.fail(item, error))

    def fail(self, item: AnItem | FailedItem, error: NotarykitError) -> dict[str, Any]:
        """Prints the error of an item and returns the members of its JSON output."""
        self.print_error(item, error, error.one_line())
        return {"error": error.to_json()}

    def is_named(self, item: AnItem | FailedItem, line: str) -> bool:
        """Returns True if the line of an error names the item, as it does where it is about that very item."""
        return item.text in line

    def print_error(self, item: AnItem | FailedItem, error: NotarykitError, line: str) -> None:
        """Prints the line of an error, which names the item if there are several.

        Under `--debug`, the first error of each kind has its traceback.
        """
        if not self.has_one_item and not self.is_named(item, line):
            line = f"{item.text}: {line}"
        print_error(error, line, debug=self.options["debug"] and self._is_new_kind(error))

    def _is_new_kind(self, error: NotarykitError) -> bool:
        kind = kind_of(error)
        is_new = kind not in self._traced
        self._traced.add(kind)
        return is_new


AnOperation = Operation[Any]
