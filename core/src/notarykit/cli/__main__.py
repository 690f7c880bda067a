"""`python -m notarykit.cli`."""

import sys

from notarykit.cli import main

sys.exit(main())
