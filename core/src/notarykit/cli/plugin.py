"""`notarykit plugin`: list."""

from notarykit.cli.options import Command, Group, Options
from notarykit.cli.text import table
from notarykit.errors import NotarykitError
from notarykit.plugin.discovery import Installed, installed_plugins, load_plugin


def _list(_: Options) -> int:
    rows = [_row(each) for each in installed_plugins()]
    print(table([("NAME", "DESCRIPTION", "VERSION", "CAPABILITIES", "SOURCE", "ERROR"), *rows]), end="")
    return 0


def _row(installed: Installed) -> tuple[str, ...]:
    """A plugin's line; a broken plugin is a line too."""
    try:
        metadata = load_plugin(installed.name).get_metadata()
    except NotarykitError as error:
        return (installed.name, "", "", "", installed.distribution, error.message)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises
        return (installed.name, "", "", "", installed.distribution, f"its metadata failed with {type(error).__name__}")
    capabilities = f"[{' '.join(metadata.capabilities)}]"
    return (metadata.name, metadata.description, metadata.version, capabilities, installed.distribution, "<nil>")


COMMAND = Group("Manage plugins.", {"list": Command("[flags]", "List installed plugins", _list, aliases=("ls",))})
