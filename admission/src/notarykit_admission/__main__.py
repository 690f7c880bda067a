"""Runs notarykit-admission as `python -m notarykit_admission`."""

import sys

from notarykit_admission.cli import main

if __name__ == "__main__":
    sys.exit(main())
