"""`notarykit bundle`: signatures and all that their verification needs in one file."""

from notarykit.cli.options import CommandModules, Group

COMMAND = Group(
    "Carry signatures and all that their verification needs over an air gap, in one file.",
    CommandModules(__name__, ("create", "inspect", "push", "refresh", "verify")),
)
