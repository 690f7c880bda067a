"""A person at the terminal, though standard input is the request and standard output the answer."""

from __future__ import annotations

import os
import sys

TERMINAL = "/dev/tty"


def ask_secret(prompt: str) -> bytes | None:
    """What a person types at the terminal of this process, unseen; None where there is no terminal, or no answer."""
    if not _has_terminal():
        return None
    from getpass import getpass

    try:
        return os.fsencode(getpass(prompt))
    except (EOFError, UnicodeDecodeError):
        return None


def _has_terminal() -> bool:
    if sys.platform == "win32":
        return sys.stdin.isatty()
    try:
        os.close(os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def tell(text: str) -> None:
    """Says something to whoever is at the terminal of this process; nothing where there is none."""
    if sys.platform == "win32":
        return
    try:
        terminal = os.open(TERMINAL, os.O_WRONLY | os.O_NOCTTY)
    except OSError:
        return
    try:
        os.write(terminal, text.encode() + b"\n")
    except OSError:
        pass
    finally:
        os.close(terminal)
