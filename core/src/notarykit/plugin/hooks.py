"""The one hook: a distribution's module hands over its plugin. pluggy registers, the object works."""

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from notarykit.plugin.base import Plugin

PROJECT = "notarykit"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The hooks that a plugin's module may implement."""

    @hookspec(firstresult=True)
    def notarykit_plugin(self) -> "Plugin":
        """The plugin object. Nothing heavy is imported here: SDKs are imported by the methods that need them."""
        raise NotImplementedError
