"""Choice of the signing key by flags, and its passphrase."""

import os
import sys
from collections.abc import Callable

from notarykit.cli.options import PLUGIN_CONFIG_FLAG, Flag, Options
from notarykit.config.key_access import PASSPHRASE_VARIABLE, environment_passphrase
from notarykit.config.signing_keys import SigningKey, load_signing_keys
from notarykit.errors import PassphraseError, UsageError

SIGNING_KEY_FLAGS = (
    Flag("id", "key id (required if --plugin is set); excludes --key"),
    Flag("key", "name of a key on the list of signing keys; excludes --id and --plugin", short="k", names="keys"),
    Flag("plugin", "signing plugin name; excludes --key", names="plugins"),
    PLUGIN_CONFIG_FLAG,
)


def selected_key(options: Options) -> SigningKey:
    """Returns the key of `--plugin` and `--id`, which has no name, or the key of `--key`, by default the default key.

    Raises:
        UsageError: The flags contradict each other, or one is empty.
        SigningKeyError: The key is not on the list.
    """
    name, key_id, plugin = options.text("key"), options.text("id"), options.text("plugin")
    options.exclusive("key", "id")
    options.exclusive("key", "plugin")
    if key_id is not None and plugin is not None:
        return SigningKey("", id=key_id, plugin=plugin)
    if key_id or plugin:
        raise UsageError("flags --id and --plugin belong together", advice="give both, or --key")
    return load_signing_keys().get(name or "")


def passphrase_of(key: SigningKey) -> Callable[[], bytes]:
    """Returns a callback that gets the passphrase of a local key when it is needed.

    It comes from the environment or the terminal, and is not kept.
    """

    def get() -> bytes:
        if PASSPHRASE_VARIABLE in os.environ:
            return environment_passphrase()
        if not sys.stdin.isatty():
            raise PassphraseError(
                "the private key is encrypted and there is no terminal for a prompt",
                advice=f"set ${PASSPHRASE_VARIABLE}",
            )
        from getpass import getpass

        try:
            return os.fsencode(getpass(f"Passphrase of the key {key.name}: "))
        except EOFError:
            raise PassphraseError("no passphrase entered") from None

    return get
