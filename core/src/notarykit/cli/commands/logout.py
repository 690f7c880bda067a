"""`notarykit logout`."""

import sys

from notarykit.cli.options import Arguments, Command, Options
from notarykit.cli.registries import check_host


def _run(options: Options) -> int:
    from notarykit.config.credentials import erase_credentials

    host = options.arguments[0]
    check_host(host)
    erased = erase_credentials(host)
    for path in erased.files:
        print(f"Removed the credentials for {host} from {path}")
    for path, key in erased.left:
        print(f"Warning: {path} has credentials for {key}: 'podman logout {key}' removes them", file=sys.stderr)
    print("Logout Succeeded")
    return 0


COMMAND = Command(
    "[flags] <server>",
    "Log out from the logged in registry.",
    _run,
    arguments=Arguments(1, 1, "missing registry's host"),
)
