"""`notarykit completion`: scripts for bash, zsh and fish."""

from importlib import import_module

from notarykit.cli.commands import COMMANDS
from notarykit.cli.options import EVERYWHERE, Command, Group, Options

_BASH = """\
# bash completion for notarykit: source it, or put it into the completions' folder.
_notarykit() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}" path="" candidates="" each
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
    if [[ -n "$candidates" ]]; then COMPREPLY=($(compgen -W "$candidates" -- "$word")); fi
    if [[ ${{#COMPREPLY[@]}} -eq 0 ]]; then COMPREPLY=($(compgen -f -- "$word")); fi
}}
complete -o filenames -F _notarykit notarykit
"""

_ZSH = """\
#compdef notarykit
autoload -U +X bashcompinit && bashcompinit
"""

_FISH_HEAD = "# fish completion for notarykit: put it into fish's completions folder.\n"


def _words() -> dict[str, list[str]]:
    """From a command's path, such as `key add`, to what can come behind it."""
    found: dict[str, list[str]] = {"": list(COMMANDS)}
    for name, (aliases, _) in COMMANDS.items():
        command: Command | Group = import_module(f"notarykit.cli.commands.{name}").COMMAND
        for each in (name, *aliases):
            if isinstance(command, Command):
                found[each] = _flags(command)
                continue
            found[each] = list(command.commands)
            for inner, inner_command in command.commands.items():
                for inner_name in (inner, *inner_command.aliases):
                    found[f"{each} {inner_name}"] = _flags(inner_command)
    return found


def _flags(command: Command) -> list[str]:
    return [f"--{flag.name}" for flag in (*command.flags, *EVERYWHERE) if not flag.hidden]


def _bash() -> str:
    cases = "\n".join(f'        "{path}") candidates="{" ".join(words)}" ;;' for path, words in _words().items())
    return _BASH.format(cases=cases)


def _fish() -> str:
    lines = [_FISH_HEAD]
    for path, words in _words().items():
        parts = path.split()
        seen = "; and ".join(f"__fish_seen_subcommand_from {part}" for part in parts)
        condition = seen or "__fish_use_subcommand"
        for word in words:
            form = f"-l {word[2:]}" if word.startswith("--") else f"-a {word}"
            lines.append(f"complete -c notarykit -n '{condition}' {form}\n")
    return "".join(lines)


def _run(options: Options) -> int:
    shell = options.arguments[0]
    scripts = {"bash": _bash, "zsh": lambda: _ZSH + _bash(), "fish": _fish}
    if shell not in scripts:
        from notarykit.errors import UsageError

        raise UsageError(f"shell {shell!r} is not supported", advice="use bash, zsh or fish")
    print(scripts[shell](), end="")
    return 0


COMMAND = Command(
    "(bash | zsh | fish)",
    "Print the completion script for a shell.",
    _run,
    arguments=(1, 1),
    missing="missing the shell's name: bash, zsh or fish",
    examples=(("Complete in this bash", "source <(notarykit completion bash)"),),
)
