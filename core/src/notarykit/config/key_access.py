"""Access to the keys on the list: signers, private keys for certificate requests, and attached chains."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notarykit._internal import files
from notarykit._internal.paths import attached_chain_file
from notarykit.config.signing_keys import SigningKey, SigningKeys, change_signing_keys
from notarykit.errors import NotarykitError, PassphraseError, PluginError, SigningKeyError

if TYPE_CHECKING:
    from notarykit.keys.local import LocalSigner
    from notarykit.keys.private import Passphrase
    from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner

PASSPHRASE_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"  # noqa: S105 - a name, and no passphrase


def environment_passphrase() -> bytes:
    """Returns the passphrase of an encrypted local key from the environment.

    Raises:
        PassphraseError: The variable is not set.
    """
    if PASSPHRASE_VARIABLE not in os.environ:
        raise PassphraseError(
            "the private key is encrypted and there is no passphrase for it", advice=f"set ${PASSPHRASE_VARIABLE}"
        )
    return os.fsencode(os.environ[PASSPHRASE_VARIABLE])


def open_signer(
    key: SigningKey,
    plugin_config: Mapping[str, str],
    passphrase: "Passphrase | None" = None,
    seconds: float | None = None,
    *,
    for_blob: bool = False,
) -> "LocalSigner | PluginSigner | PluginEnvelopeSigner":
    """Returns the signer of a key.

    Args:
        key: Key, by its files or by its plugin and identifier.
        plugin_config: Settings for its plugin, which override those on the list.
        passphrase: Returns the passphrase of a local key; called only if the key is encrypted.
        seconds: Time limit for each response of its plugin; five minutes by default.
        for_blob: True to sign blobs, False to sign artifacts.

    Raises:
        SigningKeyError: The key or its chain cannot be read, or they do not match.
        PluginError: The plugin is not installed, or cannot sign.
    """
    if not key.plugin:
        from notarykit.keys.local import LocalSigner

        return LocalSigner.from_files(key.key_path, key.cert_path, passphrase)
    from notarykit.plugin.discovery.locate import load_plugin
    from notarykit.plugin.host.signer import plugin_signer
    from notarykit.plugin.time_limit import SIGNING_SECONDS

    config = {**key.plugin_config, **plugin_config}
    limit = SIGNING_SECONDS if seconds is None else seconds
    return plugin_signer(load_plugin(key.plugin), key.id, config, for_blob=for_blob, seconds=limit)


def open_key(key: SigningKey, plugin_config: Mapping[str, str], passphrase: "Passphrase | None" = None) -> Any:
    """Returns a private key as cryptography's certificate builders take it; the key may have no certificate yet.

    Args:
        key: Key, by its files or by its plugin and identifier.
        plugin_config: Settings for its plugin, which override those on the list.
        passphrase: Returns the passphrase of a local key; called only if the key is encrypted.

    Raises:
        SigningKeyError: The key cannot be read.
        PluginError: Its plugin is not installed, or has no access to it.
    """
    if not key.plugin:
        from notarykit.keys.local import read_key_file
        from notarykit.keys.private import load_private_key

        return load_private_key(read_key_file(key.key_path), f"private key {key.key_path}", passphrase)
    from notarykit.keys.remote import remote_key
    from notarykit.plugin.discovery.locate import load_plugin

    plugin, config = load_plugin(key.plugin), {**key.plugin_config, **plugin_config}
    version = _call(lambda: plugin.open_key(key.id, config))
    return remote_key(version.public_key, lambda message, spec: _call(lambda: version.sign(message, spec)))


def attach_chain(key: SigningKey, plugin_config: Mapping[str, str], chain: Sequence[bytes], pem: bytes) -> str:
    """Stores a key's chain: with its service if that keeps certificates, else beside the settings.

    Args:
        key: Key; without a name if it is not on the list.
        plugin_config: Settings for its plugin, which override those on the list.
        chain: Chain in DER, leaf first.
        pem: The same chain in PEM.

    Returns:
        Location of the chain, for display.

    Raises:
        PluginError: The service refused the chain.
        SigningKeyError: The service keeps no certificates, and the key is not on the list.
        StorageError: The settings cannot be written.
    """
    if key.plugin:
        from notarykit.plugin.discovery.locate import load_plugin

        plugin, config = load_plugin(key.plugin), {**key.plugin_config, **plugin_config}
        place = _call(lambda: plugin.attach_certificates(key.id, config, chain))
        if place:
            return f"{key.plugin}: {place}"
    if not key.name:
        raise SigningKeyError(
            f"plugin {key.plugin!r} keeps no certificates, and the key is not on the list",
            advice="put it on the list with 'notarykit key add', or use the setting certificate_chain=FILE",
        )
    path = attached_chain_file(key.name)

    def changed(keys: SigningKeys) -> SigningKeys:
        keys.get(key.name)  # it may have been deleted meanwhile
        files.write(path, pem)
        return keys._replace(
            keys=tuple(_with_chain(entry, path) if entry.name == key.name else entry for entry in keys.keys)
        )

    change_signing_keys(changed)
    return path


def _with_chain(key: SigningKey, path: str) -> SigningKey:
    if key.plugin:
        return key._replace(plugin_config={**key.plugin_config, "certificate_chain": path})
    return key._replace(cert_path=path)


def _call(call: Callable[[], Any]) -> Any:
    """Calls a plugin; replaces its unexpected exceptions, whose texts may hold secrets."""
    try:
        return call()
    except NotarykitError:
        raise
    except (Exception, SystemExit) as error:
        from notarykit.plugin.host.retry import SHOWS_WHERE

        raise PluginError(f"the plugin failed with {type(error).__name__}", advice=SHOWS_WHERE) from error
