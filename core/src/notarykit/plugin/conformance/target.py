"""Target of the conformance kit: the plugin under test, and the execution of its commands."""

import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple

from notarykit.plugin.discovery.entry_points import PackagedPlugin
from notarykit.plugin.discovery.locate import locate
from notarykit.plugin.discovery.process import Ended, run
from notarykit.plugin.time_limit import SIGNING_SECONDS

Run = Callable[[str, bytes], Ended]
"""Runs a command with a request on standard input. Raises PluginError if it cannot be run or times out."""


class Target(NamedTuple):
    """Plugin under test, with its keys and limits.

    Attributes:
        name: The plugin's name.
        key_ids: The keys that it is tested with, in the plugin's own form; none for a plugin that only verifies.
        plugin_config: Settings for the plugin.
        secrets: What no output may show, such as the PIN of a token.
        max_signatures: How often its keys may be used, for keys that need a touch; as often as needed, if it is None.
        run: How a command is run; by default the plugin of that name in its own process, as every host does it.
        seconds: How long each command may take.
    """

    name: str
    key_ids: tuple[str, ...] = ()
    plugin_config: Mapping[str, str] = {}
    secrets: tuple[str, ...] = ()
    max_signatures: int | None = None
    run: Run | None = None
    seconds: float = SIGNING_SECONDS


def runner(name: str, seconds: float = SIGNING_SECONDS) -> Run:
    """Returns a function that runs a plugin's commands: of the executable in notation's folder, else of the package.

    Raises:
        PluginNotFoundError: There is neither, or both.
    """
    found = locate(name)
    if isinstance(found, PackagedPlugin):  # as its own executable would be, whether one is installed or not
        script = f"import sys; from notarykit.plugin import executable; sys.exit(executable({found.target!r})())"
        command = [sys.executable, "-P", "-c", script]  # nothing out of the working folder
    else:
        command = [found.path]
    return lambda argument, request: run([*command, argument], request, seconds)
