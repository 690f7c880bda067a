"""Detection of text files that were not saved as UTF-8."""

_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def foreign_encoding(content: bytes) -> str:
    """Returns the encoding fault at the start of a text, with its remedy, or an empty string.

    Without a mark, UTF-16 has a NUL in its first character, which neither JSON nor PEM has.
    """
    if content.startswith(_UTF_8_MARK):
        return "it begins with a byte order mark: save it as UTF-8 without one"
    if content.startswith(_UTF_16_MARKS) or (len(content) > 1 and 0 in content[:2]):
        return "it is in UTF-16: save it as UTF-8"
    return ""
