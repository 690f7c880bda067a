"""`notarykit plugin`: install, uninstall."""

import os
from typing import TYPE_CHECKING

from notarykit._internal.printable import printable
from notarykit.cli.options import YES_FLAG, Arguments, Command, Flag, Options
from notarykit.cli.output import confirmed
from notarykit.errors import ContentError, StorageError, UsageError

if TYPE_CHECKING:
    from notarykit.plugin.install.installer import Installed

_DOWNLOAD_SECONDS = 600.0


def _install(options: Options) -> int:
    from notarykit.plugin.install.installer import install_package

    options.exclusive("file", "url", "from-package")
    if options["from-package"]:
        if options.arguments or options["sha256sum"]:
            raise UsageError("--from-package can only be combined with --force")
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
        print(printable(f"Successfully updated plugin {installed.name} {versions}"))
    else:
        print(printable(f"Successfully installed plugin {installed.name}, version {installed.version}"))
    return 0


def _install_from_file(options: Options) -> "Installed":
    from notarykit._internal import files
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
    """Installs the bytes whose checksum was compared, since the file may change before it is read again."""
    import tempfile

    from notarykit.plugin.install.installer import install_file

    _check_sum(options["sha256sum"], content)
    with tempfile.NamedTemporaryFile(prefix="notarykit-") as file:
        file.write(content)
        file.flush()
        os.chmod(file.name, 0o700)
        return install_file(file.name, file_name=name, force=options["force"])


def _install_from_url(options: Options) -> "Installed":
    from urllib.parse import unquote, urlsplit

    from notarykit.cli.spinner import progress
    from notarykit.net.download import download
    from notarykit.net.tls import TLSSettings
    from notarykit.net.urls import redact_url
    from notarykit.plugin.install.archives import LARGEST

    url = options.arguments[0]
    if not options["sha256sum"]:
        raise UsageError("--url requires --sha256sum, the SHA256 that the plugin's publisher gives")
    print(f"Downloading plugin from {printable(redact_url(url))}")
    with progress("Downloading"):
        content = download(url, LARGEST, _DOWNLOAD_SECONDS, TLSSettings(ca_file=options["ca-file"] or ""))
    print("Download completed")
    return _install_content(content, os.path.basename(unquote(urlsplit(url).path)), options)


def _check_sum(wanted: str, content: bytes) -> None:
    """Refuses content with another SHA256."""
    from hashlib import sha256

    actual = sha256(content).hexdigest()
    if actual != wanted.lower():
        raise ContentError(
            f"plugin SHA-256 checksum does not match the user input: expected {wanted}, it is {actual}",
            advice="do not use this file, and inform the plugin's publisher",
        )


def _uninstall(options: Options) -> int:
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


COMMANDS = {
    "install": Command(
        "[flags] (<--file|--url> <plugin_source> | --from-package <plugin_name>)",
        "Install a plugin",
        _install,
        (
            Flag("file", "install plugin from a file on file system", "switch"),
            Flag("url", "install plugin from an HTTPS URL; the download may take 10 minutes", "switch"),
            Flag("from-package", "name of a plugin in an installed Python package, to install for notation"),
            Flag("sha256sum", 'must match SHA256 of the plugin source, required when "--url" flag is set'),
            Flag("ca-file", "file of CA certificates to trust for the URL instead of the system's"),
            Flag("force", "force the installation of the plugin", "switch"),
        ),
        ("add",),
        Arguments(0, 1),
        examples=(
            ("Install a plugin from an archive", "notarykit plugin install --file wabbit-plugin-v1.0.zip"),
            ("Install a single executable file", "notarykit plugin install --file notation-wabbit-plugin"),
            (
                "Install a plugin from a URL",
                "notarykit plugin install --url https://example.com/wabbit.tar.gz --sha256sum <checksum>",
            ),
            (
                "Install a plugin from a Python package for notation",
                "notarykit plugin install --from-package local-file",
            ),
        ),
    ),
    "uninstall": Command(
        "[flags] <plugin_name>",
        "Uninstall a plugin that is an executable",
        _uninstall,
        (YES_FLAG,),
        ("remove", "rm"),
        Arguments(1, 1, "missing plugin name", "plugins"),
    ),
}
