"""`notarykit version`; imports next to nothing, so that scripts can test for the command."""

import sys

from notarykit._internal.version import __version__


def print_version() -> int:
    """Prints the versions of notarykit and of the interpreter."""
    print("notarykit - a tool to sign and verify artifacts.\n")
    print(f"Version:         {__version__}")
    print(f"Python version:  {sys.version.split(maxsplit=1)[0]}", flush=True)
    return 0


def __getattr__(name: str) -> object:
    if name != "COMMAND":
        raise AttributeError(name)
    from notarykit.cli.options import Command

    return Command("[flags]", "Show the notarykit version information.", lambda _: print_version())
