"""From a key on the list, or a plugin and a key's identifier, to whoever signs with it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from notarykit.agent import signing_agent
from notarykit.config.signing_keys import SigningKey

if TYPE_CHECKING:
    from notarykit.keys.local import LocalSigner
    from notarykit.keys.private import Passphrase
    from notarykit.plugin.signer import PluginEnvelopeSigner, PluginSigner


def signer_for(
    key: SigningKey, plugin_config: Mapping[str, str], passphrase: "Passphrase | None" = None
) -> "LocalSigner | PluginSigner | PluginEnvelopeSigner":
    """Whoever signs with a key of the list.

    Args:
        key: The key.
        plugin_config: Settings for its plugin that come before those on the list.
        passphrase: Where a local key's passphrase comes from, if it needs one.

    Raises:
        SigningKeyError: The key or its chain cannot be read, or they do not belong together.
        PluginError: The plugin is not there, or cannot sign.
    """
    if key.plugin:
        return plugin_signer(key.plugin, key.id, {**key.plugin_config, **plugin_config})
    from notarykit.keys.local import LocalSigner

    return LocalSigner.from_files(key.key_path, key.cert_path, passphrase)


def plugin_signer(name: str, key_id: str, config: Mapping[str, str]) -> "PluginSigner | PluginEnvelopeSigner":
    """Whoever signs with a key that a plugin holds; RAW is preferred where the plugin can do both."""
    from notarykit.plugin.discovery import load_plugin
    from notarykit.plugin.messages import Capability
    from notarykit.plugin.signer import PluginEnvelopeSigner, PluginSigner, signing_metadata

    plugin = load_plugin(name)
    metadata = signing_metadata(plugin)
    if Capability.RAW in metadata.capabilities:
        return PluginSigner(plugin, key_id, config, signing_agent(metadata.name, metadata.version))
    return PluginEnvelopeSigner(plugin, key_id, config)
