"""Messages: one line each, printable, and of bounded length.

The API server passes on what it gets, whole and unchanged, and drops warnings that hold control characters.
"""

from collections.abc import Iterable

LONGEST_MESSAGE = 1000
# Over 4,096 characters in all, the API server cuts each warning to 256 and drops the last ones.
LONGEST_WARNING = 240  # where there are most
MOST_WARNINGS = 16
_ELLIPSIS = "…"


def one_line(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Returns a text as one line of at most `longest` characters.

    White space becomes one space; other control characters, changes of writing direction and surrogates become
    escapes.
    """
    # Each character becomes at least one, so the rest of a long text has no part in the line; white space may vanish.
    line = " ".join(text[: 10 * longest].split())
    if not line.isprintable():
        line = "".join(character if character.isprintable() else _escape(character) for character in line)
    return line if len(line) <= longest else f"{line[: longest - 1]}{_ELLIPSIS}"


def _escape(character: str) -> str:
    code = ord(character)
    return rf"\x{code:02x}" if code <= 0xFF else rf"\u{code:04x}" if code <= 0xFFFF else rf"\U{code:08x}"  # noqa: PLR2004


def join_reasons(reasons: Iterable[str], longest: int = LONGEST_MESSAGE) -> str:
    """Returns several reasons as one line; of those that do not fit, the number.

    Args:
        reasons: At least one.
        longest: Limit for the characters of the line.
    """
    lines = [one_line(reason, longest) for reason in reasons]
    joined = "; ".join(lines)
    if len(joined) <= longest:
        return joined
    room = longest - len(_more(len(lines)))
    shown = one_line(lines[0], room)
    for count, line in enumerate(lines[1:], 1):
        if len(shown) + len("; ") + len(line) > room:
            return f"{shown}{_more(len(lines) - count)}"
        shown = f"{shown}; {line}"
    return shown


def _more(count: int) -> str:
    return f"; and {count} more" if count else ""


def warning_lines(warnings: Iterable[str]) -> tuple[str, ...]:
    """Returns warnings as the API server shows them whole; in place of those beyond its limit stands their number."""
    texts = list(warnings)
    shown = texts if len(texts) <= MOST_WARNINGS else texts[: MOST_WARNINGS - 1]
    longest = min(LONGEST_MESSAGE, MOST_WARNINGS * LONGEST_WARNING // max(1, len(shown)))
    rest = (f"and {len(texts) - len(shown)} more warnings",) if len(shown) < len(texts) else ()
    return *(one_line(text, longest) for text in shown), *rest
