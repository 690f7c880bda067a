"""Headers of tar files, in the one form that every reader understands alike.

Readers differ in what they make of links, extensions, odd names and odd sizes, and an archive that uses the difference
is two archives. So nothing is interpreted: a header says a plain name and a plain size (POSIX.1-1988, ustar, or what
came before), a pax header says what changes neither (POSIX.1-2001), and everything else is refused.
"""

from typing import NamedTuple

BLOCK = 512
REGULAR = b"0"
FOLDER = b"5"
EXTENDED = (b"x", b"g")

_V7 = b"\0"  # a file, or a folder where a slash is behind its name
_REFUSED = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"6": "a pipe",
    b"S": "a sparse file", b"L": "a long name", b"K": "a long name of a link", b"V": "a volume's label",
}  # fmt: skip
_LARGEST_OCTAL = 8**11 - 1
# What a pax header may say besides what has a vendor's prefix.
_HARMLESS = (b"atime", b"charset", b"comment", b"ctime", b"gid", b"gname", b"hdrcharset", b"mtime", b"uid", b"uname")
# Vendors' keywords that change what a member is.
_HARMFUL = (b"GNU.", b"SUN.", b"SCHILY.filetype", b"SCHILY.offset", b"SCHILY.realsize")


class HeaderError(ValueError):
    """Header that readers could understand differently."""


class Header(NamedTuple):
    """Header of a member.

    Attributes:
        kind: `REGULAR`, `FOLDER` or one of `EXTENDED`.
        name: Name of the member, without a dot before it or a slash behind it; the root's is empty.
        size: Size of its content in bytes.
    """

    kind: bytes
    name: str
    size: int


def parse_header(block: bytes) -> Header | None:
    """Parses a header; returns None if the block is none.

    Raises:
        HeaderError: It is a header that readers could understand differently.
    """
    if not _has_valid_checksum(block):
        return None
    kind = block[156:157]
    if kind in EXTENDED:
        return Header(kind, "", _size(block, "an extended header"))
    name = _raw_name(block)
    if kind == _V7:
        kind = FOLDER if name.endswith("/") else REGULAR
    if kind not in (REGULAR, FOLDER):
        raise HeaderError(f"{name!r} is {_REFUSED.get(kind, 'of an unusual type')}")
    size = _size(block, repr(name))
    if kind == FOLDER and size:
        raise HeaderError(f"{name!r} is a folder with content")
    return Header(kind, _plain_name(name, kind), size)


def _has_valid_checksum(block: bytes) -> bool:
    field = block[148:156].strip(b" \0")
    octal = bool(field) and not field.strip(b"01234567")
    return octal and len(block) == BLOCK and int(field, 8) == sum(block) - sum(block[148:156]) + 8 * ord(" ")


def _raw_name(block: bytes) -> str:
    """Returns the name; in ustar, a second field has the part before the last 100 bytes."""
    name, prefix = block[:100].split(b"\0")[0], block[345:500]
    if block[257:265] == b"ustar\x0000":
        prefix = prefix.split(b"\0")[0]
        name = prefix + b"/" + name if prefix else name
    elif prefix[:24].strip(b"01234567 \0") or prefix[24:].strip(b"\0"):  # in GNU's form, two times and more
        raise HeaderError(f"{name.decode('utf-8', 'backslashreplace')!r} has a header in an unusual form")
    return name.decode("utf-8", "surrogateescape")


def _plain_name(name: str, kind: bytes) -> str:
    if kind == FOLDER:
        if name in ("", ".", "./", "/"):
            return ""
        name = name.removesuffix("/")
    plain = name.removeprefix("./")
    # To Windows, a colon ends a name and dots and blanks at its end are no part of it.
    if "\\" in plain or ":" in plain or any(not part or part.endswith((".", " ")) for part in plain.split("/")):
        raise HeaderError(f"{name!r} is not a plain name")
    return plain


def _size(block: bytes, what: str) -> int:
    """Returns the size, which is in octal digits, or in binary where it is too large for those."""
    field = block[124:136]
    if field[:1] == b"\x80":
        size = int.from_bytes(field[1:], "big")
        if size > _LARGEST_OCTAL:
            return size
    elif (digits := field.strip(b" \0")) and not digits.strip(b"01234567"):
        return int(digits, 8)
    raise HeaderError(f"{what} has a size in an unusual form")


def parse_extension(header: Header, content: bytes) -> int | None:
    """Returns the size of the next member, if a pax header has it, as it may if it is too large for a plain header.

    Raises:
        HeaderError: It is malformed, or changes what another reader understands.
    """
    size, start = None, 0
    while start < len(content):
        digits, blank, _ = content[start : start + 8].partition(b" ")
        end = start + int(digits) if blank and digits.isdigit() else start
        keyword, equals, value = content[start + len(digits) + 1 : end - 1].partition(b"=")
        if not equals or content[end - 1 : end] != b"\n":
            raise HeaderError("it has a malformed pax header")
        if keyword == b"size" and header.kind == b"x" and _is_large(value):
            size = int(value)
        elif not _is_harmless(keyword):
            raise HeaderError(f"it has a pax header with {keyword.decode('utf-8', 'backslashreplace')!r}")
        start = end
    return size


def _is_large(size: bytes) -> bool:
    return len(size) < 20 and size.isdigit() and int(size) > _LARGEST_OCTAL  # noqa: PLR2004 - as many digits as 2**63


def _is_harmless(keyword: bytes) -> bool:
    return keyword in _HARMLESS or (b"." in keyword and not keyword.startswith(_HARMFUL))
