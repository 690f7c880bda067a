"""What the tests of installations share."""

from pathlib import Path

from notarykit._internal.files import TEMPORARY
from notarykit.plugin.discovery.executable import ExecutablePlugin
from notarykit.plugin.discovery.locate import load_plugin
from tests.support.executables import shell_plugin, write_program

FILE = 0o100000


def plugin_file(folder: Path, version: str = "1.0.0", name: str = "acme", **commands: str) -> Path:
    """A single executable to be installed."""
    return write_program(folder / "download" / f"notation-{name}", shell_plugin(name, version=version, **commands))


def state_of(plugins: Path) -> dict[str, tuple[int, bytes]]:
    """All files among the settings, with their permissions."""
    settings = plugins.parent
    files = [each for each in settings.rglob("*") if each.is_file()]
    return {str(each.relative_to(settings)): (each.stat().st_mode, each.read_bytes()) for each in files}


def no_remains(plugins: Path) -> bool:
    """Returns True if no temporary file is left."""
    return not [each for each in plugins.parent.rglob("*") if each.name.startswith(TEMPORARY)]


def installed_version(name: str = "acme") -> str:
    """Returns the version of an installed plugin."""
    plugin = load_plugin(name)
    assert isinstance(plugin, ExecutablePlugin)
    return plugin.get_metadata().version
