"""Hook specifications of a plugin's commands. The only module that imports pluggy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    from notarykit.plugin.protocol import signing, verification
    from notarykit.plugin.protocol.metadata import GetMetadataRequest, Metadata
    from notarykit.plugin.service_key import KeyVersion

_PROJECT = "notarykit"

hookimpl = pluggy.HookimplMarker(_PROJECT)
"""Marks an observer's methods: generators that yield once, `@hookimpl(wrapper=True)`, named as those of `Hooks`."""

_hookspec = pluggy.HookspecMarker(_PROJECT)(firstresult=True)


class Hooks(Protocol):
    """The commands of the plugin contract, and what `notarykit certificate` asks of a plugin beyond it.

    An observer declares those of the arguments that it uses. `plugin` is the plugin's name. A request may hold a
    payload and, in its plugin configuration, what only the plugin should know: an observer logs neither.
    """

    @_hookspec
    def get_metadata(self, plugin: str, request: GetMetadataRequest) -> Metadata:
        """The command get-plugin-metadata."""

    @_hookspec
    def describe_key(self, plugin: str, request: signing.DescribeKeyRequest) -> signing.KeyDescription:
        """The command describe-key."""

    @_hookspec
    def generate_signature(self, plugin: str, request: signing.GenerateSignatureRequest) -> signing.GeneratedSignature:
        """The command generate-signature."""

    @_hookspec
    def generate_envelope(self, plugin: str, request: signing.GenerateEnvelopeRequest) -> signing.GeneratedEnvelope:
        """The command generate-envelope."""

    @_hookspec
    def verify_signature(
        self, plugin: str, request: verification.VerifySignatureRequest
    ) -> verification.VerifiedSignature:
        """The command verify-signature."""

    @_hookspec
    def open_key(self, plugin: str, key_id: str, config: Mapping[str, str]) -> KeyVersion:
        """Opens a key that signs certificates and requests, which are not shown one by one."""

    @_hookspec
    def attach_certificates(self, plugin: str, key_id: str, config: Mapping[str, str], chain: Sequence[bytes]) -> str:
        """Has the service keep a key's chain."""


HOOKS: dict[str, Callable[..., Any]] = {
    name: method for name, method in vars(Hooks).items() if hasattr(method, f"{_PROJECT}_spec")
}
"""The hook specifications by their names."""


def arguments_of(hook: str) -> list[str]:
    """Returns the names of a hook's arguments, the plugin's name first."""
    return list(inspect.signature(HOOKS[hook]).parameters)[1:]


def new_manager() -> pluggy.PluginManager:
    """Returns a plugin manager for one plugin: in each, one implementation answers."""
    manager = pluggy.PluginManager(_PROJECT)
    manager.add_hookspecs(Hooks)
    return manager
