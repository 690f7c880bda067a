"""Text for people: what others wrote is shown, never obeyed."""

from collections.abc import Sequence

from notarykit.errors import UsageError


def shown(text: str) -> str:
    """A text with everything escaped that a terminal would act on: control characters and changes of direction."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        if ord(character) < 0xD800 or ord(character) > 0xDFFF  # noqa: PLR2004 - surrogates have no other encoding
        else f"\\u{ord(character):04x}"
        for character in text
    )  # fmt: skip


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns, three blanks between them, the way notation aligns its lists."""
    escaped = [[shown(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in escaped) for column in range(len(escaped[0]))]
    return "".join(
        "".join(cell.ljust(width + 3) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        for row in escaped
    )


WIDTH = 100
"""How wide lines for people are at most."""


def listing(rows: Sequence[tuple[Sequence[str], Sequence[str]]]) -> str:
    """Rows of some short cells and a long last one: paragraphs, broken into lines that fit the width.

    Args:
        rows: The cells of each row, and the paragraphs of its last cell; empty ones are left out.
    """
    from textwrap import wrap

    escaped = [([shown(cell) for cell in cells], [shown(each) for each in below if each]) for cells, below in rows]
    widths = [max(len(cells[column]) for cells, _ in escaped) + 3 for column in range(len(rows[0][0]))]
    indent, lines = sum(widths), []
    for cells, paragraphs in escaped:
        head = "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        broken = [line for each in paragraphs for line in wrap(each, WIDTH - indent, break_on_hyphens=False)]
        lines += [(head if not number else " " * indent) + line for number, line in enumerate(broken or [""])]
    return "".join(f"{line.rstrip()}\n" for line in lines)


Node = tuple[str, list["Node"]]


def tree(node: Node) -> str:
    """A node and everything below it, as a drawing."""
    lines = [shown(node[0])]
    _draw(node[1], "", lines)
    return "\n".join(lines) + "\n"


def _draw(nodes: list[Node], indent: str, lines: list[str]) -> None:
    for position, (label, below) in enumerate(nodes, 1):
        is_last = position == len(nodes)
        lines.append(f"{indent}{'└── ' if is_last else '├── '}{shown(label)}")
        _draw(below, indent + ("    " if is_last else "│   "), lines)


def confirmed(question: str, flag: str) -> bool:
    """Asks a person; anything but yes is no, and so are bytes that are no text.

    Raises:
        UsageError: Nobody answers; `flag` is what to write instead.
    """
    print(f"{question} [y/N] ", end="", flush=True)
    try:
        answer = input()
    except UnicodeDecodeError:
        print()
        return False
    except (EOFError, OSError):
        print()
        raise UsageError(
            "nothing was changed: standard input has no answer to the question", advice=f"add --{flag}"
        ) from None
    return answer.strip().lower() in ("y", "yes")
