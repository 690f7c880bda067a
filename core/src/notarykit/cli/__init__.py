"""The command line: finds the command and imports it, and nothing else before it is needed."""

import sys


def main(arguments: list[str] | None = None) -> int:
    """Runs a command line.

    Args:
        arguments: What follows the program's name; `sys.argv` if it is not given.

    Returns:
        The exit code: 0 fine, 1 not verified, 2 usage or configuration, 3 storage or network, 4 key or plugin.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments in (["version"], ["--version"]):  # the shortest way, for those who only ask whether it is there
        from notarykit.cli.commands.version import print_version

        try:
            return print_version()
        except OSError:  # `run` knows what to say about output that cannot be written
            pass
    from notarykit.cli.run import run

    return run(arguments)
