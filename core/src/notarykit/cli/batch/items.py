"""Items that a command is about: its arguments, then the lines of `--from`."""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from notarykit.cli.options import Options
from notarykit.errors import NotarykitError, UsageError

if TYPE_CHECKING:
    from notarykit.cli.batch.lines import Line, Lines

_LOOKED_AT = 100


class Item(Protocol):
    """What a command is about, such as an artifact or a file."""

    @property
    def text(self) -> str:
        """The item as it was written."""


AnItem = TypeVar("AnItem", bound=Item)


class FailedItem(NamedTuple):
    """Item that no work can be done on, such as a malformed one; its error does not end the work on others.

    Attributes:
        text: The item as it was written.
        error: The error.
    """

    text: str
    error: NotarykitError


class Items(Generic[AnItem]):
    """Items of a command, parsed; those in a file are read one by one, when they are needed.

    Args:
        options: Options of the command, with the arguments, and the file as the flag `from`.
        parse: Parses an item.
        description: What an item is, such as `reference to an artifact`.
        are_names: True if the items are names of files, to which all of a line belongs.

    Attributes:
        arguments: Those that are arguments.

    Raises:
        UsageError: An argument is malformed, or the file cannot be opened.
    """

    def __init__(
        self, options: Options, parse: Callable[[str], AnItem], description: str, *, are_names: bool = False
    ) -> None:
        self._path: str = (options.text("from") or "") if "from" in options.values else ""
        self._parse = parse
        self._description = description
        self.arguments = [parse(text) for text in options.arguments]
        self._file = _lines_of(self._path, has_names=are_names) if self._path else None
        self._lines: Iterator[AnItem | FailedItem] = map(self._parsed, self._file or ())

    @property
    def is_one(self) -> bool:
        """True if there is one item, the command's only argument."""
        return len(self.arguments) == 1 and not self._path

    @cached_property
    def first(self) -> list[AnItem]:
        """The arguments; without arguments, the first well-formed item of the file's first hundred.

        Raises:
            UsageError: The file holds no item.
        """
        if self.arguments:
            return self.arguments
        looked_at: list[AnItem | FailedItem] = []
        for item in islice(self._lines, _LOOKED_AT):
            looked_at.append(item)
            if not isinstance(item, FailedItem):
                break
        if not looked_at:
            raise UsageError(f"--from {self._path}: no {self._description}")
        self._lines = chain(looked_at, self._lines)
        return [item for item in looked_at if not isinstance(item, FailedItem)]

    def __iter__(self) -> Iterator[AnItem | FailedItem]:
        """Yields the items; can be called once."""
        return chain(self.arguments, self._lines)

    @property
    def may_wait(self) -> bool:
        """True if the next item may have to be waited for: standard input, or a pipe."""
        return self._file is not None and not self._file.is_regular

    def count(self) -> int | None:
        """Returns the number of items, or None if it is unknown."""
        lines = self._file.count() if self._file is not None else 0
        return None if lines is None else len(self.arguments) + lines

    def _parsed(self, line: "Line") -> AnItem | FailedItem:
        try:
            if line.fault:
                raise UsageError(line.fault)
            return self._parse(line.text)
        except UsageError as error:
            return FailedItem(line.text, error.within(line.place))


def _lines_of(path: str, *, has_names: bool) -> "Lines":
    from notarykit.cli.batch.lines import Lines

    return Lines(path, has_names=has_names)
