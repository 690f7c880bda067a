"""`notarykit completion`: scripts for bash, zsh and fish, and the names that these complete."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module

from notarykit.cli.commands import COMMANDS
from notarykit.cli.options import EVERYWHERE, Arguments, Command, Flag, Group, Options

# Names are compared one by one: `compgen -W` would expand what a name contains.
_BASH = """\
# bash completion for notarykit: source it, or put it into the completions' folder.
_notarykit() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" flag="" path="" candidates="" names="" each
    if [[ $COMP_CWORD -gt 0 ]]; then flag="${{COMP_WORDS[COMP_CWORD-1]}}"; fi
    if [[ "$word" == "=" ]]; then
        word=""
    elif [[ "$flag" == "=" ]]; then
        flag="${{COMP_WORDS[COMP_CWORD-2]}}"
    fi
    for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        [[ "$each" == -* ]] || path="$path $each"
    done
    while true; do
        case "${{path# }}" in
{cases}
        *) if [[ "$path" == *" "* ]]; then path="${{path% *}}"; continue; fi ;;
        esac
        break
    done
    COMPREPLY=()
    if [[ -n "$candidates" ]]; then COMPREPLY=($(compgen -W "$candidates" -- "$word")); fi
    if [[ -n "$names" && "$word" != -* ]]; then
        while IFS= read -r each; do
            [[ "$each" != "$word"* ]] || COMPREPLY+=("$each")
        done < <(notarykit completion --names "$names" 2>/dev/null)
    fi
    if [[ ${{#COMPREPLY[@]}} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$word")); fi
}}
complete -o filenames -F _notarykit notarykit
"""

_ZSH = """\
#compdef notarykit
autoload -U +X bashcompinit && bashcompinit
"""

# A name such as `policy` is that of several commands, so that all words before the cursor count.
_FISH_HEAD = """\
# fish completion for notarykit: put it into fish's completions folder.
function __notarykit_path
    string match --invert -- '-*' (commandline -opc)[2..-1]
end
function __notarykit_is
    set -l path (__notarykit_path)
    test "$path" = "$argv"
end
function __notarykit_in
    set -l path (__notarykit_path)
    string match --quiet -- "$argv *" "$path "
end
"""


def _commands() -> Iterator[tuple[str, Command | Group]]:
    """Yields every command and group with each of its paths, such as `key add`."""
    for name, (aliases, _) in COMMANDS.items():
        command: Command | Group = import_module(f"notarykit.cli.commands.{name}").COMMAND
        for path in (name, *aliases):
            yield from _below(path, command)


def _below(path: str, command: Command | Group) -> Iterator[tuple[str, Command | Group]]:
    """Yields a command, or a group and everything in it, with their paths."""
    yield path, command
    for member, inner in command.commands.items() if isinstance(command, Group) else ():
        for name in (member, *inner.aliases):
            yield from _below(f"{path} {name}", inner)


def _flags(command: Command) -> list[Flag]:
    return [flag for flag in (*command.flags, *EVERYWHERE) if not flag.hidden]


def _bash() -> str:
    cases = [_bash_case("", COMMANDS)]
    for path, command in _commands():
        if isinstance(command, Group):
            cases.append(_bash_case(path, command.commands))
            continue
        names = f" names={command.arguments.names};" if command.arguments.names else ""
        values = "".join(f" {case} ;;" for case in _bash_values(command))
        after = f'{names} case "$flag" in{values} esac' if values else names.rstrip(";")
        cases.append(_bash_case(path, [f"--{flag.name}" for flag in _flags(command)], after))
    return _BASH.format(cases="\n".join(cases))


def _bash_case(path: str, candidates: Iterable[str], after: str = "") -> str:
    return f'        "{path}") candidates="{" ".join(candidates)}"{after and f";{after}"} ;;'


def _bash_values(command: Command) -> Iterator[str]:
    """Yields the cases of the flags that take a value, which is a file unless the flag says otherwise."""
    others: list[str] = []
    for flag in _flags(command):
        forms = [f"--{flag.name}", *([f"-{flag.short}"] if flag.short else [])]
        if flag.choices or flag.names:
            yield f'{"|".join(forms)}) candidates="{" ".join(flag.choices)}" names={flag.names}'
        elif flag.kind != "switch":
            others += forms
    if others:
        yield f'{"|".join(others)}) candidates="" names=""'


def _fish() -> str:
    lines = [_FISH_HEAD, *(_fish_line("is", "", f"-a {name}") for name in COMMANDS)]
    for path, command in _commands():
        if isinstance(command, Group):
            lines += [_fish_line("is", path, f"-a {member}") for member in command.commands]
            continue
        lines += [_fish_line("in", path, f"-l {flag.name}{_fish_values(flag)}") for flag in _flags(command)]
        if names := command.arguments.names:
            lines.append(_fish_line("in", path, f"-a '(notarykit completion --names {names})'"))
    return "".join(lines)


def _fish_line(condition: str, path: str, form: str) -> str:
    return f"complete -c notarykit -n '{f'__notarykit_{condition} {path}'.rstrip()}' {form}\n"


def _fish_values(flag: Flag) -> str:
    short = f" -s {flag.short}" if flag.short else ""
    if flag.names:
        return f"{short} -x -a '(notarykit completion --names {flag.names})'"
    if flag.choices:
        return f"{short} -x -a '{' '.join(flag.choices)}'"
    return short if flag.kind == "switch" else f"{short} -r"


def _keys() -> Iterable[str]:
    from notarykit.config.signing_keys import load_signing_keys

    return [key.name for key in load_signing_keys().keys]


def _plugins() -> Iterable[str]:
    from notarykit.plugin.discovery.directory import executable_names
    from notarykit.plugin.discovery.entry_points import STAND_INS, packaged_plugins

    packaged = (*packaged_plugins(), *packaged_plugins(STAND_INS))
    return {*executable_names(), *(plugin.name for plugin in packaged)}


def _stores() -> Iterable[str]:
    from glob import escape, glob

    from notarykit._internal.paths import trust_store_root

    return {os.path.basename(folder) for folder in glob(os.path.join(escape(trust_store_root()), "x509", "*", "*"))}


def _store_types() -> Iterable[str]:
    from notarykit.trust.policy import StoreType

    return StoreType


def _blob_policies() -> Iterable[str]:
    from notarykit.config.policy import load_blob_policy

    return [policy.name for policy in load_blob_policy().policies]


_NAMES: Mapping[str, Callable[[], Iterable[str]]] = {
    "keys": _keys,
    "plugins": _plugins,
    "stores": _stores,
    "store-types": _store_types,
    "blob-policies": _blob_policies,
}


def _run(options: Options) -> int:
    if options["names"]:
        print("".join(f"{name}\n" for name in sorted(_NAMES[options["names"]]()) if name.isprintable()), end="")
        return 0
    from notarykit.errors import UsageError

    scripts = {"bash": _bash, "zsh": lambda: _ZSH + _bash(), "fish": _fish}
    if not options.arguments:
        raise UsageError("missing the shell's name: bash, zsh or fish")
    shell = options.arguments[0]
    if shell not in scripts:
        raise UsageError(f"shell {shell!r} is not supported", advice="use bash, zsh or fish")
    print(scripts[shell](), end="")
    return 0


COMMAND = Command(
    "(bash | zsh | fish)",
    "Print the completion script for a shell.",
    _run,
    (Flag("names", "print the names that the scripts complete", hidden=True, choices=tuple(_NAMES)),),
    arguments=Arguments(0, 1),
    examples=(("Complete in this bash", "source <(notarykit completion bash)"),),
)
