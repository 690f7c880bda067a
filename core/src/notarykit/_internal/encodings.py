"""Files that were saved in another encoding than the UTF-8 that they are read in."""

_UTF_8_MARK = b"\xef\xbb\xbf"
_UTF_16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def foreign_encoding(content: bytes) -> str:
    """What is foreign in how a text begins, and what to do about it; an empty string where nothing is.

    Without a mark, UTF-16 has a NUL in its first character, as no JSON and no PEM has.
    """
    if content.startswith(_UTF_8_MARK):
        return "it begins with a byte order mark: save it as UTF-8 without one"
    if content.startswith(_UTF_16_MARKS) or (len(content) > 1 and 0 in content[:2]):
        return "it is in UTF-16: save it as UTF-8"
    return ""
