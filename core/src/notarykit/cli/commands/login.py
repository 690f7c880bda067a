"""`notarykit login`."""

import os
import sys

from notarykit._internal.secret_text import without_marks
from notarykit.cli.options import Arguments, Command, Flag, Options
from notarykit.cli.references import REGISTRY_FLAGS
from notarykit.cli.registries import check_host, check_secret, registry_options
from notarykit.config.registries import basic_or_token, registry_settings
from notarykit.errors import UsageError
from notarykit.net.budget import DEFAULT_BYTES, Budget
from notarykit.oci.registry.host import RegistryHost


def _run(options: Options) -> int:
    from notarykit.config.credentials import helper_for, remember_helper, store_credentials

    host = options.arguments[0]
    check_host(host)
    flags = registry_options(options, [host])
    helper_for(host)  # fails before a password is entered
    username, password = flags.username, flags.password
    if options["password-stdin"]:
        if options["password"]:
            raise UsageError("flags --password and --password-stdin exclude each other")
        password = _secret(sys.stdin.buffer.read())
    elif options["password"]:
        print("Warning: --password is visible to other users of this machine: use --password-stdin", file=sys.stderr)
    username, password = _prompted(username, password)
    settings = registry_settings(flags._replace(username=username, password=password))
    RegistryHost(host, settings).ping(Budget(DEFAULT_BYTES, options["timeout"]))
    if helper := store_credentials(host, basic_or_token(username, password)):
        remember_helper(helper)
    print("Login Succeeded")
    return 0


def _secret(content: bytes) -> str:
    """Returns the password on standard input; bytes outside UTF-8 are escaped, as in the environment."""
    password = os.fsdecode(without_marks(content))
    if not password:
        raise UsageError(
            "no password on standard input",
            advice="write the user name and the password as two lines, or the password alone with --username",
        )
    check_secret(password, "the password on standard input")
    return password


def _piped(username: str) -> tuple[str, str]:
    """Reads the answers to the prompts from a pipe: the name in the first line if it is unknown, then the password."""
    content = sys.stdin.buffer.read()
    if not username:
        line, _, content = content.partition(b"\n")
        username = os.fsdecode(without_marks(line)).strip()
    return username, _secret(content)


def _prompted(username: str, password: str) -> tuple[str, str]:
    """Completes the credentials from the terminal or a pipe; a password without a name is an identity token."""
    if password:
        return username, password
    if not sys.stdin.isatty():
        return _piped(username)
    from getpass import getpass

    try:
        username = username or input("Username: ").strip()
        password = getpass("Password: " if username else "Token: ")
    except (EOFError, UnicodeDecodeError):
        raise UsageError("no input at the prompt", advice="use --username and --password-stdin") from None
    if not password:
        raise UsageError("the password is empty")
    return username, password


COMMAND = Command(
    "[flags] <server>",
    "Login to registry.",
    _run,
    (
        *(flag for flag in REGISTRY_FLAGS if flag.name != "allow-referrers-api"),
        Flag("password-stdin", "read the password from standard input", "switch"),
    ),
    arguments=Arguments(1, 1, "missing registry's host"),
    examples=(
        ("Login with a password from a file", "notarykit login -u me --password-stdin registry.example.com < password"),
    ),
)
