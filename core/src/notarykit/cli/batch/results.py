"""Results of references as text, JSON or JSON Lines; each is written as it comes, so that none is kept."""

import json
from collections.abc import Mapping
from typing import Any

from notarykit.cli.output import print_json_line
from notarykit.errors import NotarykitError


class Results:
    """Results in text, which the operation prints itself."""

    def add(self, reference: str, members: Mapping[str, Any]) -> None:
        """Writes the result of a reference."""

    def end(self, error: NotarykitError | None = None) -> None:
        """Ends the output; with an error, which ended the command before all references were done."""


class _JsonResults(Results):
    """Results as one JSON document, `{"results": […]}`, formatted like `print_json`."""

    def __init__(self) -> None:
        self._is_begun = False

    def add(self, reference: str, members: Mapping[str, Any]) -> None:
        result = json.dumps({"reference": reference, **members}, indent=4, ensure_ascii=True)
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
    """Results as JSON Lines, one for each reference, flushed as it comes."""

    def add(self, reference: str, members: Mapping[str, Any]) -> None:
        print_json_line({"reference": reference, **members})

    def end(self, error: NotarykitError | None = None) -> None:
        if error:
            print_json_line({"error": error.to_json()})


def _indented(text: str, width: int) -> str:
    return "\n".join(" " * width + line for line in text.split("\n"))


def results_in(output: str) -> Results:
    """Returns the writer for a value of `--output`."""
    return {"text": Results, "json": _JsonResults, "jsonl": _JsonLines}[output]()
