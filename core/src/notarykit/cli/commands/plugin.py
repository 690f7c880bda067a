"""`notarykit plugin`: doctor, install, list, test, uninstall, use."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from notarykit.cli.commands.plugin_check import KEY_FLAGS, diagnose, judge
from notarykit.cli.options import Command, Flag, Group, Options
from notarykit.cli.output import confirmed, shown, table
from notarykit.errors import NotarykitError, UsageError
from notarykit.plugin.host.metadata import SelfDescribing

if TYPE_CHECKING:
    from notarykit.plugin.install.installer import Installed

_LISTING_SECONDS = 10.0  # a list is not kept waiting for long by a plugin that hangs
_DOWNLOAD_SECONDS = 600.0


def _list(_: Options) -> int:
    from notarykit.plugin.discovery.directory import executable_names, find_executable
    from notarykit.plugin.discovery.entry_points import STAND_INS, packaged_plugins
    from notarykit.plugin.discovery.executable import ExecutablePlugin
    from notarykit.plugin.launcher import is_launcher

    rows: list[tuple[str, ...]] = [("NAME", "DESCRIPTION", "VERSION", "CAPABILITIES", "SOURCE", "ERROR")]
    rows += [_row(each.name, f"package {each.distribution}", each.load) for each in packaged_plugins()]
    names = executable_names()
    rows += [
        _row(each.name, f"package {each.distribution}, standing in", each.load)
        for each in packaged_plugins(STAND_INS)
        if each.name not in names
    ]
    for name in names:
        try:
            path = find_executable(name)
        except NotarykitError as error:
            rows.append((name, "", "", "", "executable", error.one_line()))
            continue
        if path:
            kind = "launcher" if is_launcher(path) else "executable"
            rows.append(_row(name, f"{kind} {path}", partial(ExecutablePlugin, name, path)))
    print(table(rows), end="")
    return 0


def _row(name: str, source: str, load: Callable[[], SelfDescribing]) -> tuple[str, ...]:
    """A plugin's line; a broken plugin is a line too."""
    from notarykit.plugin.deadline import deadline
    from notarykit.plugin.host.metadata import read_metadata

    try:
        with deadline(_LISTING_SECONDS):
            metadata = read_metadata(load())
    except NotarykitError as error:
        return (name, "", "", "", source, error.one_line())
    capabilities = f"[{' '.join(metadata.capabilities)}]"
    return (metadata.name, metadata.description, metadata.version, capabilities, source, "<nil>")


def _install(options: Options) -> int:
    from notarykit.plugin.install.installer import install_package

    options.exclusive("file", "url", "from-package")
    if options["from-package"]:
        if options.arguments or options["sha256sum"]:
            raise UsageError("--from-package takes the plugin's name and nothing else but --force")
        installed = install_package(options["from-package"], force=options["force"])
    elif not options.arguments:
        raise UsageError("missing plugin source location", advice="name a file with --file, or a URL with --url")
    elif options["file"]:
        installed = _install_from_file(options)
    elif options["url"]:
        installed = _install_from_url(options)
    else:
        raise UsageError("one of --file, --url and --from-package must be set")
    if installed.earlier:
        versions = f"from version {installed.earlier} to {installed.version}"
        print(shown(f"Successfully updated plugin {installed.name} {versions}"))
    else:
        print(shown(f"Successfully installed plugin {installed.name}, version {installed.version}"))
    return 0


def _install_from_file(options: Options) -> "Installed":
    import os

    from notarykit._internal import files
    from notarykit.errors import StorageError
    from notarykit.plugin.install.archives import LARGEST
    from notarykit.plugin.install.installer import install_file

    path = options.arguments[0]
    if options["sha256sum"] is None:
        return install_file(path, force=options["force"])
    try:
        content = files.read(path, LARGEST)
    except FileNotFoundError:
        raise StorageError(f"{path} does not exist", advice="check the path") from None
    return _install_content(content, os.path.basename(path), options)


def _install_content(content: bytes, name: str, options: Options) -> "Installed":
    """Installs the bytes whose checksum was looked at: a file could be another one when it is read again."""
    import os
    import tempfile

    from notarykit.plugin.install.installer import install_file

    _check_sum(options["sha256sum"], content)
    with tempfile.NamedTemporaryFile(prefix="notarykit-") as file:
        file.write(content)
        file.flush()
        os.chmod(file.name, 0o700)
        return install_file(file.name, file_name=name, force=options["force"])


def _install_from_url(options: Options) -> "Installed":
    import os
    from urllib.parse import unquote, urlsplit

    from notarykit.cli.spinner import progress
    from notarykit.net.download import download
    from notarykit.net.tls import TLSSettings
    from notarykit.net.urls import shown as shown_url
    from notarykit.plugin.install.archives import LARGEST

    url = options.arguments[0]
    if not options["sha256sum"]:
        raise UsageError("--url needs --sha256sum, the SHA256 that the plugin's publisher gives")
    print(f"Downloading plugin from {shown(shown_url(url))}")
    with progress("Downloading"):
        content = download(url, LARGEST, _DOWNLOAD_SECONDS, TLSSettings(ca_file=options["ca-file"] or ""))
    print("Download completed")
    return _install_content(content, os.path.basename(unquote(urlsplit(url).path)), options)


def _check_sum(wanted: str, content: bytes) -> None:
    """Refuses content whose SHA256 is not the one that is wanted."""
    from hashlib import sha256

    from notarykit.errors import ContentError

    found = sha256(content).hexdigest()
    if found != wanted.lower():
        raise ContentError(
            f"plugin SHA-256 checksum does not match the user input: expected {wanted}, it is {found}",
            advice="do not use this file, and tell the plugin's publisher",
        )


def _uninstall(options: Options) -> int:
    import os

    from notarykit.plugin.discovery.directory import executable_path
    from notarykit.plugin.install.installer import uninstall

    name = options.arguments[0]
    is_there = os.path.lexists(os.path.dirname(executable_path(name)))
    question = f"Are you sure you want to uninstall plugin {name!r}?"
    if is_there and not options["yes"] and not confirmed(question, "yes"):
        return 0
    uninstall(name)
    print(f"Successfully uninstalled plugin {name}")
    return 0


def _use(options: Options) -> int:
    from notarykit.plugin.discovery.locate import EXECUTABLE, PACKAGE, choose

    name, choice = options.arguments
    if choice not in (PACKAGE, EXECUTABLE):
        raise UsageError(f"{choice!r} is neither {PACKAGE!r} nor {EXECUTABLE!r}")
    choose(name, choice)
    print(f"{name}: the {choice} is used where both are there")
    return 0


COMMAND = Group(
    "Manage plugins.",
    {
        "install": Command(
            "[flags] (<--file|--url> <plugin_source> | --from-package <plugin_name>)",
            "Install a plugin",
            _install,
            (
                Flag("file", "install plugin from a file on file system", "switch"),
                Flag("url", "install plugin from an HTTPS URL; the download may take 10 minutes", "switch"),
                Flag("from-package", "name of a plugin in an installed Python package, to be made visible to notation"),
                Flag("sha256sum", 'must match SHA256 of the plugin source, required when "--url" flag is set'),
                Flag("ca-file", "CA certificates that are trusted for the URL in place of the system's"),
                Flag("force", "force the installation of the plugin", "switch"),
            ),
            ("add",),
            (0, 1),
            examples=(
                ("Install a plugin from an archive", "notarykit plugin install --file wabbit-plugin-v1.0.zip"),
                ("Install a single executable file", "notarykit plugin install --file notation-wabbit-plugin"),
                (
                    "Install a plugin from a URL",
                    "notarykit plugin install --url https://example.com/wabbit.tar.gz --sha256sum <checksum>",
                ),
                (
                    "Let notation use a plugin that pip installed",
                    "notarykit plugin install --from-package local-file",
                ),
            ),
        ),
        "list": Command("[flags]", "List installed plugins", _list, aliases=("ls",)),
        "test": Command(
            "[flags] <plugin_name | --key name>",
            "Judge a plugin by the rules of the plugin specification",
            judge,
            (
                *KEY_FLAGS,
                Flag("key-id", "key to test with, in the plugin's own form; may be given several times", "texts"),
                Flag("max-signatures", "how often keys may be used, for keys that need a touch", "number"),
                Flag("plugin-timeout", "how long each command may take, such as 30s or 10m", "duration", default=60),
                Flag("secret-env", "environment variable whose value no output of the plugin may show", "texts"),
            ),
            arguments=(0, 1),
            examples=(
                ("Test a plugin that signs", "notarykit plugin test local-file --key-id /path/to/key.pem"),
                (
                    "Test one whose PIN must not leak",
                    "notarykit plugin test my-token --key-id slot-9c --max-signatures 3 --secret-env TOKEN_PIN",
                ),
            ),
        ),
        "doctor": Command(
            "[flags] <plugin_name | --key name>",
            "Look for what keeps a plugin from signing",
            diagnose,
            (
                *KEY_FLAGS,
                Flag("key-id", "key to look for, in the plugin's own form"),
            ),
            arguments=(0, 1),
            examples=(
                ("See what a token offers", "notarykit plugin doctor pkcs11"),
                ("See why a key does not sign, which makes one trial signature", "notarykit plugin doctor --key build"),
                (
                    "Look for one key",
                    "notarykit plugin doctor pkcs11 --key-id 'pkcs11:token=YubiKey;id=%02'",
                ),
            ),
        ),
        "uninstall": Command(
            "[flags] <plugin_name>",
            "Uninstall a plugin that is an executable",
            _uninstall,
            (Flag("yes", "do not prompt for confirmation", "switch", "y"),),
            ("remove", "rm"),
            (1, 1),
            "missing plugin name",
        ),
        "use": Command(
            "[flags] <plugin_name> <package|executable>",
            "Choose where a package and an executable have one name",
            _use,
            arguments=(2, 2),
            missing="missing plugin name, or what to use: package or executable",
        ),
    },
)
