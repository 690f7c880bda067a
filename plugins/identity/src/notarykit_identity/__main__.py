"""Executable `notation-identity`."""

import sys

from notarykit.plugin import executable

main = executable("notarykit_identity.plugin:IdentityPlugin")

if __name__ == "__main__":
    sys.exit(main())
