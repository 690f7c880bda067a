"""Foreign text for terminals and reports."""


def printable(text: str) -> str:
    """Escapes the characters that a terminal acts on: control characters and changes of writing direction."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        if ord(character) < 0xD800 or ord(character) > 0xDFFF  # noqa: PLR2004 - surrogates have no other encoding
        else f"\\u{ord(character):04x}"
        for character in text
    )  # fmt: skip
