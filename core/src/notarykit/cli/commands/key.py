"""`notarykit key`: add, list, update, delete."""

import sys

from notarykit._internal.printable import printable
from notarykit.cli.options import ANY_NUMBER, PLUGIN_CONFIG_FLAG, Arguments, Command, Flag, Group, Options
from notarykit.cli.output import table
from notarykit.config.signing_keys import SigningKey, change_signing_keys, load_signing_keys
from notarykit.errors import UsageError
from notarykit.plugin.discovery.locate import locate


def _add(options: Options) -> int:
    name = options.arguments[0]
    options.required("plugin", "id")
    locate(options["plugin"])  # a misspelt name fails here, not at the first signature
    key = SigningKey(name, id=options["id"], plugin=options["plugin"], plugin_config=options.pairs("plugin-config"))
    if not name:
        raise UsageError("key name is empty")
    change_signing_keys(lambda keys: keys.with_key(key, default=options["default"]))
    print(f"{printable(name)}: marked as default" if options["default"] else printable(name))
    return 0


def _update(options: Options) -> int:
    name = options.arguments[0]
    if not options["default"]:
        print("Warning: --default flag is not set, command did not take effect", file=sys.stderr)
        return 0
    change_signing_keys(lambda keys: keys._replace(default=keys.get(name).name))
    print(f"{printable(name)}: marked as default")
    return 0


def _list(_: Options) -> int:
    keys = load_signing_keys()
    rows = [
        ("* " * (key.name == keys.default) + key.name, key.key_path, key.cert_path, key.id, key.plugin)
        for key in keys.keys
    ]
    print(table([("NAME", "KEY PATH", "CERTIFICATE PATH", "ID", "PLUGIN NAME"), *rows]), end="")
    return 0


def _delete(options: Options) -> int:
    names = tuple(dict.fromkeys(options.arguments))
    default = load_signing_keys().default
    change_signing_keys(lambda keys: keys.without(names))
    if len(names) == 1:
        kind = "default key " if names[0] == default else ""
        print(f"Removed {kind}{printable(names[0])} from Notation signing key list. The source key still exists.")
        return 0
    print("Removed the following keys from Notation signing key list. The source keys still exist.")
    for name in names:
        print(f"{printable(name)} (default)" if name == default else printable(name))
    return 0


_DEFAULT = Flag("default", "mark as default", "switch")

COMMAND = Group(
    "Manage keys used for signing.",
    {
        "add": Command(
            "--plugin <plugin_name> --id <key_id> [flags] <key_name>",
            "Add key to Notation signing key list",
            _add,
            (
                _DEFAULT,
                Flag("id", "key id, in the plugin's own form"),
                Flag("plugin", "signing plugin name", names="plugins"),
                PLUGIN_CONFIG_FLAG,
            ),
            arguments=Arguments(1, 1, "missing key name"),
            examples=(
                ("Add a key that a plugin holds", "notarykit key add --plugin local-file --id /path/to/key.pem build"),
            ),
        ),
        "delete": Command(
            "[flags] <key_name>...",
            "Remove key from Notation signing key list",
            _delete,
            arguments=Arguments(1, ANY_NUMBER, "missing key names", "keys"),
        ),
        "list": Command("[flags]", "List keys used for signing", _list, aliases=("ls",)),
        "update": Command(
            "[flags] <key_name>",
            "Update key in Notation signing key list",
            _update,
            (_DEFAULT,),
            ("set",),
            Arguments(1, 1, "missing key name", "keys"),
            (("Update the default signing key", "notarykit key update --default build"),),
        ),
    },
)
