"""Byte order marks and line ends that editors and shells leave around secrets."""

from notarykit.errors import PassphraseError

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def without_marks(content: bytes) -> bytes:
    """Strips a leading byte order mark and one trailing line end from the content of a secret's file."""
    return content.removeprefix(_BOM).removesuffix(b"\n").removesuffix(b"\r")


def wrong_passphrase(name: str, passphrase: bytes, otherwise: str = "") -> PassphraseError:
    """Returns the error for a wrong passphrase; a stray mark in the passphrase becomes the advice."""
    mark = mark_in(passphrase)
    return PassphraseError(
        f"{name} cannot be decrypted: the passphrase is wrong{otherwise}",
        advice=f"it {mark}: leave that out" if mark else "",
    )


def mark_in(secret: bytes) -> str:
    """Returns the stray mark at the ends of a secret, such as "ends with a line end", or an empty string."""
    if secret.startswith(_BOM):
        return "begins with a byte order mark"
    if secret.startswith(_UTF_16) and b"\0" in secret:
        return "is in UTF-16, and UTF-8 is read"
    if secret.endswith(b"\r"):
        return "ends with a carriage return"
    if secret.endswith(b"\n"):
        return "ends with a line end"
    return ""
