"""`notarykit logout`."""

from notarykit.cli.options import Command, Options
from notarykit.cli.registries import check_host


def _run(options: Options) -> int:
    from notarykit.config.credentials import erase_credentials

    check_host(options.arguments[0])
    erase_credentials(options.arguments[0])
    print("Logout Succeeded")
    return 0


COMMAND = Command(
    "[flags] <server>",
    "Log out from the logged in registry.",
    _run,
    arguments=(1, 1),
    missing="missing registry's host",
)
