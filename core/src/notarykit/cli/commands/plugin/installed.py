"""`notarykit plugin`: list, use."""

from collections.abc import Callable
from functools import partial

from notarykit.cli.options import Arguments, Command, Options
from notarykit.cli.output import table
from notarykit.errors import NotarykitError, UsageError
from notarykit.plugin.host.metadata import SelfDescribing

_LIST_SECONDS = 10.0  # a plugin that hangs does not delay the list for long


def _list(_: Options) -> int:
    from notarykit.plugin.discovery.directory import executable_names, find_executable
    from notarykit.plugin.discovery.entry_points import STAND_INS, packaged_plugins
    from notarykit.plugin.discovery.locate import load_executable
    from notarykit.plugin.launcher import is_launcher

    rows: list[tuple[str, ...]] = [("NAME", "DESCRIPTION", "VERSION", "CAPABILITIES", "SOURCE", "ERROR")]
    rows += [_row(plugin.name, f"package {plugin.distribution}", plugin.load) for plugin in packaged_plugins()]
    names = executable_names()
    rows += [
        _row(plugin.name, f"package {plugin.distribution}, standing in", plugin.load)
        for plugin in packaged_plugins(STAND_INS)
        if plugin.name not in names
    ]
    for name in names:
        try:
            path = find_executable(name)
        except NotarykitError as error:
            rows.append((name, "", "", "", "executable", error.one_line()))
            continue
        if path:
            kind = "launcher" if is_launcher(path) else "executable"
            rows.append(_row(name, f"{kind} {path}", partial(load_executable, name, path)))
    print(table(rows), end="")
    return 0


def _row(name: str, source: str, load: Callable[[], SelfDescribing]) -> tuple[str, ...]:
    """Returns a plugin's row, with the error if the plugin is broken."""
    from notarykit.plugin.host.metadata import read_metadata
    from notarykit.plugin.time_limit import deadline

    try:
        with deadline(_LIST_SECONDS):
            metadata = read_metadata(load())
    except NotarykitError as error:
        return (name, "", "", "", source, error.one_line())
    capabilities = f"[{' '.join(metadata.capabilities)}]"
    return (metadata.name, metadata.description, metadata.version, capabilities, source, "<nil>")


def _use(options: Options) -> int:
    from notarykit.plugin.discovery.locate import EXECUTABLE, PACKAGE, choose

    name, choice = options.arguments
    if choice not in (PACKAGE, EXECUTABLE):
        raise UsageError(f"{choice!r} is neither {PACKAGE!r} nor {EXECUTABLE!r}")
    choose(name, choice)
    print(f"{name}: the {choice} is used")
    return 0


COMMANDS = {
    "list": Command("[flags]", "List installed plugins", _list, aliases=("ls",)),
    "use": Command(
        "[flags] <plugin_name> <package|executable>",
        "Choose between a package and an executable with the same name",
        _use,
        arguments=Arguments(2, 2, "missing plugin name, or what to use: package or executable", "plugins"),
    ),
}
