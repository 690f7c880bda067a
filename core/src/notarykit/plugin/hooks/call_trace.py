"""The event of a plugin's call, as `--debug` shows it; it holds nothing of what was exchanged."""

from typing import NamedTuple


class PluginCall(NamedTuple):
    """A command of a plugin, with the time that it took and its outcome.

    Attributes:
        plugin: The plugin's name.
        command: The command, or another method of `Plugin`, as the method is called (`describe_key`).
        seconds: The time that it took, that of observers included.
        error: The class of the error that it ended with, or an empty string.
    """

    plugin: str
    command: str
    seconds: float
    error: str = ""
