"""Output of commands: JSON, tables, trees and questions. Control characters in foreign text are escaped."""

from collections.abc import Mapping, Sequence
from typing import Any

from notarykit._internal.printable import printable
from notarykit.cli.options import Flag
from notarykit.errors import UsageError

OUTPUT_FLAG = Flag("output", "output format, text or json", short="o", default="text", choices=("text", "json"))
RESULTS_FLAG = OUTPUT_FLAG._replace(
    help="output format: text, json, or jsonl, a line of JSON for each reference as it comes",
    choices=("text", "json", "jsonl"),
)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Aligns rows in columns, three blanks apart, as in notation's lists."""
    escaped = [[printable(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in escaped) for column in range(len(escaped[0]))]
    return "".join(
        "".join(cell.ljust(width + 3) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in escaped
    )


WIDTH = 100
"""Maximum width of printed lines."""


def listing(rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> str:
    """Aligns rows of short cells, the last of which holds paragraphs that are wrapped to the width.

    Args:
        rows: Cells of each row, and the paragraphs of its last cell; empty paragraphs are skipped.
    """
    from textwrap import wrap

    escaped = [
        ([printable(cell) for cell in cells], [printable(text) for text in paragraphs if text])
        for cells, paragraphs in rows
    ]
    widths = [max(len(cells[column]) for cells, _ in escaped) + 3 for column in range(len(rows[0][0]))]
    indent, lines = sum(widths), []
    for cells, paragraphs in escaped:
        head = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        broken = [line for text in paragraphs for line in wrap(text, WIDTH - indent, break_on_hyphens=False)]
        lines += [(head if not number else " " * indent) + line for number, line in enumerate(broken or [""])]
    return "".join(f"{line.rstrip()}\n" for line in lines)


Node = tuple[str, list["Node"]]


def tree(node: Node) -> str:
    """Draws a node and its descendants."""
    lines = [printable(node[0])]
    _draw(node[1], "", lines)
    return "\n".join(lines) + "\n"


def _draw(nodes: list[Node], indent: str, lines: list[str]) -> None:
    for position, (label, below) in enumerate(nodes, 1):
        is_last = position == len(nodes)
        lines.append(f"{indent}{'└── ' if is_last else '├── '}{printable(label)}")
        _draw(below, indent + ("    " if is_last else "│   "), lines)


def print_json(value: Mapping[str, Any]) -> None:
    """Prints indented JSON in ASCII, so that every character is visible."""
    import json

    print(json.dumps(value, indent=4, ensure_ascii=True))


def print_json_line(value: Mapping[str, Any]) -> None:
    """Prints JSON in one line and in ASCII, and flushes it, for readers that wait."""
    import json

    print(json.dumps(value, ensure_ascii=True), flush=True)


def confirmed(question: str, flag: str) -> bool:
    """Asks a question on the terminal; only `y` and `yes` confirm.

    Raises:
        UsageError: Standard input is at its end; the advice names `flag`, which answers the question.
    """
    print(f"{question} [y/N] ", end="", flush=True)
    try:
        answer = input()
    except UnicodeDecodeError:
        print()
        return False
    except (EOFError, OSError):
        print()
        raise UsageError("nothing was changed: no answer on standard input", advice=f"add --{flag}") from None
    return answer.strip().lower() in ("y", "yes")
