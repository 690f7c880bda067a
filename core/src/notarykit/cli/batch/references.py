"""References of a command: its arguments, then the lines of `--from`."""

from collections.abc import Iterator
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

from notarykit.cli.options import Flag, Options
from notarykit.cli.references import BadReference, Target, parse_target
from notarykit.errors import UsageError

if TYPE_CHECKING:
    from notarykit.cli.batch.reference_lines import Line, ReferenceLines

SEVERAL_FLAGS = (
    Flag("from", "file with further references, one a line, # for comments; - for standard input"),
    Flag("jobs", "number of references to work on at a time (default: the cores of this machine)", "number"),
    Flag("resume", "file for a journal, with which the same command goes on after an interruption"),
)
DASK_FLAG = Flag("dask", "address of a Dask scheduler, whose workers verify, such as tcp://scheduler:8786")

_LOOKED_AT = 100


class References:
    """References of a command, parsed; those in a file are read one by one, when they are needed.

    Attributes:
        arguments: Those that are arguments.

    Raises:
        UsageError: An argument is malformed, or the file cannot be opened.
    """

    def __init__(self, options: Options) -> None:
        self._options = options
        self._path: str = options.values.get("from") or ""
        self.arguments = [parse_target(text, options) for text in options.arguments]
        self._file = _lines_of(self._path) if self._path else None
        self._lines: Iterator[Target | BadReference] = map(self._parsed, self._file or ())

    @property
    def is_one(self) -> bool:
        """True if there is one reference, the command's only argument."""
        return len(self.arguments) == 1 and not self._path

    @cached_property
    def first(self) -> list[Target]:
        """The arguments; without arguments, the first well-formed reference of the file's first hundred.

        Raises:
            UsageError: The file holds no reference.
        """
        if self.arguments:
            return self.arguments
        looked_at: list[Target | BadReference] = []
        for target in islice(self._lines, _LOOKED_AT):
            looked_at.append(target)
            if isinstance(target, Target):
                break
        if not looked_at:
            raise UsageError(f"--from {self._path}: no reference to an artifact")
        self._lines = chain(looked_at, self._lines)
        return [target for target in looked_at if isinstance(target, Target)]

    def __iter__(self) -> Iterator[Target | BadReference]:
        """Yields the references; can be called once."""
        return chain(self.arguments, self._lines)

    @property
    def may_wait(self) -> bool:
        """True if the next reference may have to be waited for: standard input, or a pipe."""
        return self._file is not None and not self._file.is_regular

    def count(self) -> int | None:
        """Returns the number of references, or None if it is unknown."""
        lines = self._file.count() if self._file is not None else 0
        return None if lines is None else len(self.arguments) + lines

    def _parsed(self, line: "Line") -> Target | BadReference:
        try:
            if line.fault:
                raise UsageError(line.fault)
            return parse_target(line.text, self._options)
        except UsageError as error:
            return BadReference(line.text, error.within(line.place))


def _lines_of(path: str) -> "ReferenceLines":
    from notarykit.cli.batch.reference_lines import ReferenceLines

    return ReferenceLines(path)
