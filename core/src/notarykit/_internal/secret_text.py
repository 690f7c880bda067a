"""Secrets as people hand them over: the marks that an editor or a shell has left around one are no part of it."""

from notarykit.errors import PassphraseError

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def without_marks(content: bytes) -> bytes:
    """The secret in a file: its content without a byte order mark before it and one line end after it."""
    return content.removeprefix(_BOM).removesuffix(b"\n").removesuffix(b"\r")


def wrong_passphrase(name: str, passphrase: bytes, otherwise: str = "") -> PassphraseError:
    """The error for what a passphrase does not decrypt; a mark in it is named, which is no part of most passphrases."""
    mark = mark_in(passphrase)
    return PassphraseError(
        f"{name} cannot be decrypted: the passphrase is wrong{otherwise}",
        advice=f"it {mark}: leave that out" if mark else "",
    )


def mark_in(secret: bytes) -> str:
    """What a secret has at its ends that nobody types, such as "ends with a line end"; else an empty string."""
    if secret.startswith(_BOM):
        return "begins with a byte order mark"
    if secret.startswith(_UTF_16) and b"\0" in secret:
        return "is in UTF-16, and UTF-8 is read"
    if secret.endswith(b"\r"):
        return "ends with a carriage return"
    if secret.endswith(b"\n"):
        return "ends with a line end"
    return ""
