"""Results of items as text, JSON or JSON Lines; each is written as it comes, so that none is kept."""

import json
from collections.abc import Mapping
from typing import Any

from notarykit.cli.output import print_json_line
from notarykit.errors import NotarykitError


class Results:
    """Results in text, which the operation prints itself.

    Args:
        noun: What an item is; the member that names it.
    """

    def __init__(self, noun: str) -> None:
        self._noun = noun

    def add(self, item: str, members: Mapping[str, Any]) -> None:
        """Writes the result of an item."""

    def end(self, error: NotarykitError | None = None) -> None:
        """Ends the output; with an error, which ended the command before all items were done."""


class _JsonResults(Results):
    """Results as one JSON document, `{"results": […]}`, formatted like `print_json`."""

    def __init__(self, noun: str) -> None:
        super().__init__(noun)
        self._is_begun = False

    def add(self, item: str, members: Mapping[str, Any]) -> None:
        result = json.dumps({self._noun: item, **members}, indent=4, ensure_ascii=True)
        head = "," if self._is_begun else '{\n    "results": ['
        self._is_begun = True
        print(f"{head}\n{_indented(result, 8)}", end="")

    def end(self, error: NotarykitError | None = None) -> None:
        if not self._is_begun:
            return
        result = json.dumps(error.to_json(), indent=4, ensure_ascii=True) if error else ""
        tail = f',\n    "error": {_indented(result, 4).strip()}' if error else ""
        print(f"\n    ]{tail}\n}}")


class _JsonLines(Results):
    """Results as JSON Lines, one for each item, flushed as it comes."""

    def add(self, item: str, members: Mapping[str, Any]) -> None:
        print_json_line({self._noun: item, **members})

    def end(self, error: NotarykitError | None = None) -> None:
        if error:
            print_json_line({"error": error.to_json()})


def _indented(text: str, width: int) -> str:
    return "\n".join(" " * width + line for line in text.split("\n"))


def results_in(output: str, noun: str) -> Results:
    """Returns the writer for a value of `--output`, whose results are named by a member like the noun."""
    return {"json": _JsonResults, "jsonl": _JsonLines}.get(output, Results)(noun)
