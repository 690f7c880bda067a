"""`notarykit plugin`: doctor, install, list, test, uninstall, use."""

from notarykit.cli.commands.plugin import check, install, installed
from notarykit.cli.options import Group

COMMAND = Group("Manage plugins.", {**install.COMMANDS, **installed.COMMANDS, **check.COMMANDS})
