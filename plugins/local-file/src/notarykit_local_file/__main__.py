"""The plugin as an executable, `notation-local-file`."""

import sys

from notarykit.plugin.server.stdio import run


def main() -> int:
    """Answers the command that the arguments name; nothing of the plugin is imported before."""
    return run("notarykit_local_file.plugin:LocalFilePlugin")


if __name__ == "__main__":
    sys.exit(main())
