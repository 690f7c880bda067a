"""From a key on the list, or a plugin and a key's identifier, to whoever signs with it."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from notarykit.config.signing_keys import SigningKey
from notarykit.errors import PassphraseError

if TYPE_CHECKING:
    from notarykit.keys.local import LocalSigner
    from notarykit.keys.private import Passphrase
    from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner

PASSPHRASE_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"  # noqa: S105 - a name, and no passphrase


def environment_passphrase() -> bytes:
    """The passphrase of an encrypted local key, from the environment.

    Raises:
        PassphraseError: There is none.
    """
    if PASSPHRASE_VARIABLE not in os.environ:
        raise PassphraseError(
            "the private key is encrypted and there is no passphrase for it", advice=f"set ${PASSPHRASE_VARIABLE}"
        )
    return os.fsencode(os.environ[PASSPHRASE_VARIABLE])


def signer_for(
    key: SigningKey,
    plugin_config: Mapping[str, str],
    passphrase: "Passphrase | None" = None,
    seconds: float | None = None,
) -> "LocalSigner | PluginSigner | PluginEnvelopeSigner":
    """Whoever signs with a key of the list.

    Args:
        key: The key.
        plugin_config: Settings for its plugin that come before those on the list.
        passphrase: Where a local key's passphrase comes from, if it needs one.
        seconds: How long each answer of its plugin may take; five minutes, if it is not given.

    Raises:
        SigningKeyError: The key or its chain cannot be read, or they do not belong together.
        PluginError: The plugin is not there, or cannot sign.
    """
    if key.plugin:
        return plugin_signer(key.plugin, key.id, {**key.plugin_config, **plugin_config}, seconds)
    from notarykit.keys.local import LocalSigner

    return LocalSigner.from_files(key.key_path, key.cert_path, passphrase)


def plugin_signer(
    name: str, key_id: str, config: Mapping[str, str], seconds: float | None = None
) -> "PluginSigner | PluginEnvelopeSigner":
    """Whoever signs with a key that a plugin holds; see `notarykit.plugin.host.signer.signer_of`."""
    from notarykit.plugin.deadline import SIGNING_SECONDS
    from notarykit.plugin.discovery.locate import load_plugin
    from notarykit.plugin.host.signer import plugin_signer

    return plugin_signer(load_plugin(name), key_id, config, seconds=SIGNING_SECONDS if seconds is None else seconds)
