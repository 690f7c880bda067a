"""Terminal of the user, while standard input holds the request and standard output takes the response."""

from __future__ import annotations

import os
import sys

TERMINAL = "/dev/tty"


def prompt_secret(prompt: str) -> bytes | None:
    """Returns what the user types, unseen, at the terminal of this process; None without a terminal or an answer."""
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


def write_to_terminal(text: str) -> None:
    """Writes a line to the terminal of this process; does nothing without one."""
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
