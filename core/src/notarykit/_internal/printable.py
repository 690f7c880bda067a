"""Foreign text for terminals and reports."""

_MOST_REMEMBERED = 10_000


class _Escapes(dict[int, str]):
    """What each character is shown as: itself, or its escape."""

    def __missing__(self, code: int) -> str:
        shown = _shown(code)
        if len(self) < _MOST_REMEMBERED:
            self[code] = shown
        return shown


def _shown(code: int) -> str:
    character = chr(code)
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


_ESCAPES = _Escapes()


def printable(text: str) -> str:
    """Escapes the characters that a terminal acts on: control characters and changes of writing direction."""
    return text if text.isprintable() else text.translate(_ESCAPES)
