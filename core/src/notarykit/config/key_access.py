"""From a key on the list to the key itself, which may not have a certificate yet, and to the place for one."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from notarykit._internal import files
from notarykit._internal.paths import attached_chain_file
from notarykit.config.signing_keys import SigningKey, SigningKeys, change_signing_keys
from notarykit.errors import NotarykitError, PluginError, SigningKeyError

if TYPE_CHECKING:
    from notarykit.keys.private import Passphrase
    from notarykit.plugin.base import Plugin


def open_key(key: SigningKey, plugin_config: Mapping[str, str], passphrase: "Passphrase | None" = None) -> Any:
    """A private key with the interface that certificate builders want, wherever it is.

    Args:
        key: The key; whether it has a certificate does not matter.
        plugin_config: Settings for its plugin that come before those on the list.
        passphrase: Where a local key's passphrase comes from, if it needs one.

    Raises:
        SigningKeyError: The key cannot be read.
        PluginError: Its plugin cannot be found, or cannot give it.
    """
    if not key.plugin:
        from notarykit.keys.local import read_key_file
        from notarykit.keys.private import load_private_key

        return load_private_key(read_key_file(key.key_path), f"private key {key.key_path}", passphrase)
    from notarykit.keys.remote import remote_key

    plugin, config = _packaged(key.plugin), {**key.plugin_config, **plugin_config}
    version = _asked(lambda: plugin.open_key(key.id, config))
    return remote_key(version.public_key, lambda message, spec: _asked(lambda: version.sign(message, spec)))


def attach(key: SigningKey, plugin_config: Mapping[str, str], chain: Sequence[bytes], pem: bytes) -> str:
    """Puts a key's chain where it belongs: with its service if that keeps certificates, else beside the settings.

    Args:
        key: The key; one without a name is not on the list.
        plugin_config: Settings for its plugin that come before those on the list.
        chain: The chain in DER, leaf first.
        pem: The same in PEM.

    Returns:
        Where it is now, for people.

    Raises:
        PluginError: The service refused it.
        SigningKeyError: The service keeps none, and the key is not on the list, or no more.
        StorageError: The settings cannot be written.
    """
    if key.plugin:
        plugin, config = _packaged(key.plugin), {**key.plugin_config, **plugin_config}
        place = _asked(lambda: plugin.attach_certificates(key.id, config, chain))
        if place:
            return f"{key.plugin}: {place}"
    if not key.name:
        raise SigningKeyError(
            f"plugin {key.plugin!r} keeps no certificates, and the key is not on the list",
            advice="put it on the list with 'notarykit key add', or use the setting certificate_chain=FILE",
        )
    path = attached_chain_file(key.name)

    def changed(keys: SigningKeys) -> SigningKeys:
        keys.get(key.name)  # it may have gone meanwhile
        files.write(path, pem)
        found = (_with_chain(each, path) if each.name == key.name else each for each in keys.keys)
        return keys._replace(keys=tuple(found))

    change_signing_keys(changed)
    return path


def _with_chain(key: SigningKey, path: str) -> SigningKey:
    if key.plugin:
        return key._replace(plugin_config={**key.plugin_config, "certificate_chain": path})
    return key._replace(cert_path=path)


def _asked(call: Callable[[], Any]) -> Any:
    """What a plugin answers. What it raises by accident becomes an error without its text, which may hold a secret."""
    try:
        return call()
    except NotarykitError:
        raise
    except (Exception, SystemExit) as error:
        from notarykit.plugin.host.retry import SHOWS_WHERE

        raise PluginError(f"the plugin failed with {type(error).__name__}", advice=SHOWS_WHERE) from error


def _packaged(name: str) -> "Plugin":
    """The plugin of a name in this process; between processes there is no way to a key without a certificate."""
    from notarykit.plugin.base import Plugin
    from notarykit.plugin.discovery.locate import load_plugin

    found = load_plugin(name)
    if isinstance(found, Plugin):
        return found
    raise PluginError(
        f"plugin {name!r} is an executable, which signs with keys that have a certificate and no others",
        advice="make the request with the service's own tools",
    )
