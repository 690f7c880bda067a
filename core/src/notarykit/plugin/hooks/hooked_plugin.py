"""A plugin whose commands are hook calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from time import monotonic
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from notarykit._internal.events import publish
from notarykit.plugin.base import Plugin
from notarykit.plugin.hooks.call_trace import PluginCall
from notarykit.plugin.hooks.observers import wrappers_of
from notarykit.plugin.hooks.specification import HOOKS, Hooks, arguments_of, hookimpl, new_manager
from notarykit.plugin.protocol.metadata import NO_CONFIG

if TYPE_CHECKING:
    import pluggy

    from notarykit.plugin.diagnosis import Finding
    from notarykit.plugin.protocol import signing, verification
    from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.service_key import KeyVersion


class HookError(Exception):
    """A method of a plugin does not fit its hook specification; the text says which."""


class HookedPlugin:
    """A plugin whose commands are hook calls: observers see each, and `--debug` shows it.

    Attributes:
        name: The plugin's name.
        plugin: The plugin itself; what is called on it directly is not observed.
    """

    def __init__(self, name: str, plugin: object, observers: Mapping[str, object]) -> None:
        """Registers a plugin and its observers.

        Args:
            name: The plugin's name.
            plugin: The plugin: a `Plugin`, or another object with its methods, such as an executable's.
            observers: The observers by their names, the outermost first.

        Raises:
            HookError: A method of the plugin takes other arguments than its hook specification.
            ConfigurationError: An observer does not fit the hook specifications.
        """
        self.name = name
        self.plugin = plugin
        manager = new_manager()
        manager.register(_implementation(plugin))
        for observer_name, observer in reversed(list(observers.items())):
            manager.register(wrappers_of(observer_name, observer, manager.parse_hookimpl_opts))
        _trace(manager, name)
        self._hooks = cast("Hooks", manager.hook)

    def get_metadata(self, request: GetMetadataRequest = NO_CONFIG) -> Metadata:
        """The command get-plugin-metadata."""
        return self._hooks.get_metadata(plugin=self.name, request=request)

    def describe_key(self, request: signing.DescribeKeyRequest) -> signing.KeyDescription:
        """The command describe-key."""
        return self._hooks.describe_key(plugin=self.name, request=request)

    def generate_signature(self, request: signing.GenerateSignatureRequest) -> signing.GeneratedSignature:
        """The command generate-signature."""
        return self._hooks.generate_signature(plugin=self.name, request=request)

    def generate_envelope(self, request: signing.GenerateEnvelopeRequest) -> signing.GeneratedEnvelope:
        """The command generate-envelope."""
        return self._hooks.generate_envelope(plugin=self.name, request=request)

    def verify_signature(self, request: verification.VerifySignatureRequest) -> verification.VerifiedSignature:
        """The command verify-signature."""
        return self._hooks.verify_signature(plugin=self.name, request=request)

    def open_key(self, key_id: str, config: Mapping[str, str]) -> KeyVersion:
        """See `Plugin.open_key`."""
        return self._hooks.open_key(plugin=self.name, key_id=key_id, config=config)

    def attach_certificates(self, key_id: str, config: Mapping[str, str], chain: Sequence[bytes]) -> str:
        """See `Plugin.attach_certificates`."""
        return self._hooks.attach_certificates(plugin=self.name, key_id=key_id, config=config, chain=chain)

    def diagnose(self, key_id: str | None, config: Mapping[str, str]) -> Iterator[Finding]:
        """See `Plugin.diagnose`; the plugin's own, if it has one, else by commands, which are observed."""
        if isinstance(self.plugin, Plugin) and type(self.plugin).diagnose is not Plugin.diagnose:
            return self.plugin.diagnose(key_id, config)
        from notarykit.plugin.host.trial import walk

        return walk(self, key_id, config)


def _implementation(plugin: object) -> SimpleNamespace:
    """Returns a plugin's methods as implementations of the hooks.

    They are not registered as they are: pluggy before 1.7 passes no argument that has a default, as the request of
    `get_metadata` has.
    """
    return SimpleNamespace(**{
        hook: _implement(hook, getattr(plugin, hook)) for hook in HOOKS
    })  # fmt: skip


def _implement(hook: str, method: Callable[..., Any]) -> Callable[..., Any]:
    wanted = arguments_of(hook)[1:]
    try:
        bound = inspect.signature(method).bind(*wanted).arguments
        fits = all(value == name or isinstance(value, tuple) for name, value in bound.items())  # a tuple is `*args`
    except TypeError:
        fits = False
    if not fits:
        declared = ", ".join(inspect.signature(method).parameters)
        raise HookError(f"has the method {hook}({declared}), where the contract has {hook}({', '.join(wanted)})")

    @wraps(HOOKS[hook])  # whose arguments pluggy passes, since it looks at what is wrapped
    def implementation(_: str, *arguments: object) -> object:
        return method(*arguments)

    return hookimpl(implementation)


def _trace(manager: pluggy.PluginManager, name: str) -> None:
    """Has each hook call shown to those who watch this process."""
    started: dict[int, float] = {}  # by the call's dictionary of arguments, which no other call has meanwhile

    def before(_: str, __: object, arguments: Mapping[str, Any]) -> None:
        started[id(arguments)] = monotonic()

    def after(outcome: pluggy.Result[Any], command: str, _: object, arguments: Mapping[str, Any]) -> None:
        error = outcome.exception
        seconds = monotonic() - started.pop(id(arguments))
        publish(PluginCall(name, command, seconds, type(error).__name__ if error else ""))

    manager.add_hookcall_monitoring(before, after)
