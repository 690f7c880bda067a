"""Garbage collection in a process that runs one command."""

import subprocess
import sys

# Counts collections from the first line of a program to its end; both phases of one are reported to the callback.
_COUNTED = """
import gc, sys
from notarykit._internal.garbage import collect_rarely
collect_rarely()
collections = []
gc.callbacks.append(lambda phase, _: collections.append(phase) if phase == "start" else None)
class Node: pass
for _ in range({cycles}):
    node = Node()
    node.itself = node
print(len(collections))
"""


def _printed(script: str) -> str:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout


def test_little_garbage_is_left() -> None:
    """Twenty thousand objects in cycles are not worth a look."""
    assert _printed(_COUNTED.format(cycles=10_000)) == "0\n"


def test_much_garbage_is_collected() -> None:
    """A process that goes on is not left without a collector."""
    assert 1 <= int(_printed(_COUNTED.format(cycles=200_000))) <= 10


_AT_EXIT = """
import gc
from notarykit._internal.garbage import collect_rarely
{call}
class Node:
    def __del__(self): print("collected", flush=True)
Node.last = Node()
Node.last.itself = Node.last
"""


def test_exit_collects_nothing() -> None:
    """At exit the interpreter looks for cycles among objects that end with the process anyway; here it does not."""
    assert _printed(_AT_EXIT.format(call="")) == "collected\n"
    assert _printed(_AT_EXIT.format(call="collect_rarely()")) == ""
