"""Executable `notation-local-file`."""

import sys

from notarykit.plugin import executable

main = executable("notarykit_local_file.plugin:LocalFilePlugin")

if __name__ == "__main__":
    sys.exit(main())
