"""The plugin as an executable, `notation-pkcs11`."""

import sys

from notarykit.plugin.guard import run


def main() -> int:
    """Answers the command that the arguments name; nothing of the plugin is imported before."""
    return run("notarykit_pkcs11.plugin:PKCS11Plugin")


if __name__ == "__main__":
    sys.exit(main())
