"""Executable `notation-pkcs11`."""

import sys

from notarykit.plugin import executable

_run = executable("notarykit_pkcs11.plugin:PKCS11Plugin")


def main() -> int:
    """Runs the plugin, and finalizes the module if one was loaded."""
    code = _run()
    if "notarykit_pkcs11.client" in sys.modules:
        from notarykit_pkcs11.client import finalize

        finalize()
    return code


if __name__ == "__main__":
    sys.exit(main())
