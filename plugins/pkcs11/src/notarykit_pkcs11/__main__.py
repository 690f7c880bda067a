"""The plugin as an executable, `notation-pkcs11`."""

import sys

from notarykit.plugin.server.stdio import run


def main() -> int:
    """Answers the command that the arguments name; nothing of the plugin is imported before."""
    code = run("notarykit_pkcs11.plugin:PKCS11Plugin")
    if "notarykit_pkcs11.client" in sys.modules:
        from notarykit_pkcs11.client import finalize

        finalize()
    return code


if __name__ == "__main__":
    sys.exit(main())
