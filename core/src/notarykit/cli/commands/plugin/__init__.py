"""`notarykit plugin`: doctor, install, list, test, uninstall, use."""

from notarykit.cli.options import CommandModules, Group

_MODULES = {
    "doctor": "check",
    "install": "install",
    "list": "installed",
    "test": "check",
    "uninstall": "install",
    "use": "installed",
}

COMMAND = Group("Manage plugins.", CommandModules(__name__, tuple(_MODULES), _MODULES))
