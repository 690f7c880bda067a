"""`python -m notarykit` is the command line."""

import sys

from notarykit.cli import main

sys.exit(main())
