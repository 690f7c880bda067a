"""Command line: imports the command that runs, and nothing else before it is needed."""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line.

    Args:
        arguments: Arguments behind the program's name; those of this process by default, which ends with the command.

    Returns:
        The exit code: 0 success, 1 not verified, 2 usage or configuration, 3 storage or network, 4 key or plugin.
    """
    if arguments is None:
        from notarykit._internal.garbage import collect_rarely

        collect_rarely()
        arguments = sys.argv[1:]
    if arguments in (["version"], ["--version"]):  # next to no imports, for scripts that test for the command
        from notarykit.cli.commands.version import print_version

        try:
            return print_version()
        except OSError:  # `run` reports output that cannot be written
            pass
    from notarykit.cli.run import run

    return run(arguments)
