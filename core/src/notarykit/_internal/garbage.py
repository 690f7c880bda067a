"""Garbage collection in a process that runs one command."""

import atexit
import gc

# A command on one artifact makes 25,000 to 40,000 objects that the collector watches, nearly all of them by imports.
_THRESHOLD = 50_000


def collect_rarely() -> None:
    """Has garbage collected after 50,000 new objects instead of some hundreds, and not at the process's exit.

    Imports leave hardly any garbage, and looking for it takes a tenth of a short command's time, half of that at exit.
    For the whole process: a program that is called by others leaves this to them.
    """
    gc.set_threshold(_THRESHOLD)
    atexit.register(gc.freeze)
