"""Executable `notation-pkcs11`."""

import sys

from notarykit.plugin import executable

_run = executable("notarykit_pkcs11.plugin:PKCS11Plugin")


def main() -> int:
    """Answers the command in the arguments, then finalises the modules that it used."""
    code = _run()
    if "notarykit_pkcs11.client" in sys.modules:
        from notarykit_pkcs11.client import finalize

        finalize()
    return code


if __name__ == "__main__":
    sys.exit(main())
