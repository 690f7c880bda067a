"""Throw-away distributions with one plugin each, as an installer would have put them into a folder of the path."""

import importlib
from pathlib import Path

SIGNING = """
from notarykit.plugin import Plugin

class Found(Plugin):
    name, description, version, url = {name!r}, {description!r}, "1.2.3", "https://example.com"

    def describe_key(self, request):
        {does}

    def generate_signature(self, request):
        {does}
"""


def signing_plugin(name: str, does: str = "raise RuntimeError", description: str = "A test") -> str:
    """The source of a module with a plugin `Found` whose two commands do something."""
    return SIGNING.format(name=name, does=does, description=description)


def add_distribution(
    site: Path,
    distribution: str,
    plugin: str,
    source: str | None = None,
    *,
    target: str = "Found",
    group: str = "notarykit.plugins",
    version: str = "1.0",
) -> Path:
    """Adds a distribution to a folder, which is made, and returns that folder.

    Args:
        site: The folder; it has to be on the path.
        distribution: The distribution's name; its module has the same, with `_`.
        plugin: The name of the entry point.
        source: The module's text; a plugin of that name, if it is not given.
        target: What the entry point names in the module.
        group: The entry point's group.
        version: The distribution's version.
    """
    module = distribution.replace("-", "_")
    information = site / f"{module}-{version}.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{plugin} = {module}:{target}\n")
    (site / f"{module}.py").write_text(signing_plugin(plugin) if source is None else source)
    importlib.invalidate_caches()
    return site
