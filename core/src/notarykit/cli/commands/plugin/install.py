"""`notarykit plugin`: install, uninstall."""

import os
from typing import TYPE_CHECKING, Any

from notarykit._internal.printable import printable
from notarykit.cli.options import YES_FLAG, Arguments, Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, confirmed, print_json
from notarykit.cli.plugin_sources import VERIFY_FLAGS, check_flags, check_sum, downloaded, verified
from notarykit.errors import UsageError

if TYPE_CHECKING:
    from notarykit.plugin.discovery.plugin_settings import PluginSettings
    from notarykit.plugin.install.installer import Installed
    from notarykit.verification.published_plugin import VerifiedPlugin

_WITH_PACKAGES = ("from-package", "force", "output", "debug", "verbose", "ca-file")
_CHECKED_BY_PIP = "verify its wheel with 'notarykit blob verify' before pip installs it"


def _install(options: Options) -> int:
    from notarykit.plugin.discovery.plugin_settings import load_plugin_settings
    from notarykit.plugin.install.installer import install_source

    options.exclusive("file", "url", "artifact", "from-package")
    if options["from-package"]:
        installed = _install_from_package(options, load_plugin_settings())
        return _report(options, installed, None)
    if not options.arguments:
        raise UsageError("missing plugin source location", advice="name a file with --file, or a URL with --url")
    if not (options["file"] or options["url"] or options["artifact"]):
        raise UsageError("one of --file, --url, --artifact and --from-package must be set")
    statement = load_plugin_settings().statement(options.text("verify-with") or "")
    check_flags(options, statement)
    if not statement:
        return _report(options, _install_unverified(options), None)
    found = verified(options, statement)
    return _report(options, install_source(found.source, force=options["force"]), found)


def _install_from_package(options: Options, settings: "PluginSettings") -> "Installed":
    from notarykit.plugin.install.installer import install_package

    if options.arguments or set(options.written) - set(_WITH_PACKAGES):
        raise UsageError("--from-package can only be combined with --force")
    settings.refuse_unverified("a package that is installed cannot be verified any more", _CHECKED_BY_PIP)
    return install_package(options["from-package"], force=options["force"])


def _install_unverified(options: Options) -> "Installed":
    from notarykit.plugin.install.installer import install_file, install_source
    from notarykit.plugin.install.source import read_source

    path, wanted = options.arguments[0], options["sha256sum"]
    if options["artifact"]:
        raise UsageError("--artifact requires --verify-with", advice="name a statement of the trust policy")
    if options["url"] and not wanted:
        raise UsageError("--url requires --sha256sum, the SHA256 that the plugin's publisher gives, or --verify-with")
    if options["file"] and wanted is None:
        return install_file(path, force=options["force"])
    source = downloaded(options) if options["url"] else read_source(path)
    check_sum(wanted, source)
    return install_source(source, force=options["force"])


def _report(options: Options, installed: "Installed", found: "VerifiedPlugin | None") -> int:
    """Prints what was installed."""
    name, version, earlier = installed
    if options["output"] == "json":
        document: dict[str, Any] = {"plugin": name, "version": version, "earlierVersion": earlier}
        if found:
            from notarykit.verification.document import verdict_members

            document["source"] = found.source.name
            document["verification"] = verdict_members(found.outcome)
        print_json(document)
    elif earlier:
        print(printable(f"Successfully updated plugin {name} from version {earlier} to {version}"))
    else:
        print(printable(f"Successfully installed plugin {name}, version {version}"))
    return 0


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
        "[flags] (<--file|--url|--artifact> <plugin_source> | --from-package <plugin_name>)",
        "Install a plugin",
        _install,
        (
            OUTPUT_FLAG,
            Flag("artifact", "install plugin from an OCI artifact, verified by --verify-with", "switch"),
            Flag("file", "install plugin from a file on file system", "switch"),
            Flag("url", "install plugin from an HTTPS URL; the download may take 10 minutes", "switch"),
            Flag("from-package", "name of a plugin in an installed Python package, to install for notation"),
            Flag(
                "sha256sum",
                'must match SHA256 of the plugin source, required when "--url" flag is set without --verify-with',
            ),
            Flag("force", "force the installation of the plugin", "switch"),
            *VERIFY_FLAGS,
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
                "Install a plugin from a file whose signature is beside it, if a trusted publisher signed it",
                "notarykit plugin install --verify-with plugins --file wabbit-plugin-v1.0.zip",
            ),
            (
                "Install a plugin from a registry, if a trusted publisher signed it",
                "notarykit plugin install --verify-with plugins --artifact registry.example.com/wabbit@<digest>",
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
