"""Help for every command and group, and completion for three shells."""

import json
import os
import re
import subprocess
import sys

import pytest

from notarykit.cli.commands import COMMANDS
from notarykit.cli.options import EVERYWHERE
from tests.cli.every_command import COMMANDS_BY_PATH as EVERY
from tests.cli.every_command import GROUPS_BY_PATH, Path
from tests.cli.world import World
from tests.support.ca import make_chain
from tests.support.requirements import program


def test_every_command_is_in_the_table() -> None:
    """The commands are those that notation's users look for."""
    assert {path[0] for path in EVERY} >= {
        "certificate", "completion", "inspect", "key", "list", "plugin", "policy", "sign", "verify", "version",
    }  # fmt: skip
    assert {path[1] for path in EVERY if path[0] == "certificate"} == {
        "add", "attach", "cleanup-test", "delete", "generate", "generate-test", "issue", "lint", "list", "request",
        "show",
    }  # fmt: skip
    assert {path[1] for path in EVERY if path[0] == "blob"} == {"inspect", "policy", "sign", "verify"}
    assert {path[1] for path in EVERY if path[0] == "key"} == {"add", "delete", "list", "update"}
    for group in (("policy",), ("blob", "policy")):
        assert {path[-1] for path in EVERY if path[:-1] == group} >= {"import", "init", "show"}
    assert {path[1] for path in EVERY if path[0] == "policy"} >= {"explain", "export", "lint", "test"}


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_command_help_has_usage_examples_and_flags(world: World, path: tuple[str, ...]) -> None:
    """Help lists each flag with its letter and text, and the ways to ask for it say the same."""
    text = world.did(*path, "--help")
    lines = text.splitlines()
    assert f"  notarykit {' '.join(path)} {EVERY[path].usage}" in lines
    for flag in (*EVERY[path].flags, *EVERYWHERE):
        head = f"  -{flag.short}, --{flag.name} " if flag.short else f"      --{flag.name} "
        found = [line for line in lines if line.startswith(head)]
        assert len(found) == (0 if flag.hidden else 1), flag.name
        assert all(flag.help in line for line in found)
    for _, example in EVERY[path].examples:
        assert f"  {example}" in lines
    assert world.did(*path, "-h") == world.did("help", *path) == world.did(*path, "x", "y", "--help") == text


def test_defaults_are_as_they_are_written(world: World) -> None:
    """A default in the help could stand on the command line."""
    text = world.did("audit", "run", "--help")
    defaults = dict(re.findall(r"^ *(?:-\w, )?--([\w-]+).* \(default (\S+)\)$", text, re.MULTILINE))
    shown = [defaults[name] for name in ("ends-within", "timeout", "recursive", "max-signatures", "output")]
    assert shown == ["90d", "120s", "true", "100", "table"]


@pytest.mark.parametrize("path", [path for path, group in GROUPS_BY_PATH.items() if not group.default], ids=" ".join)
def test_group_help_lists_commands(world: World, path: Path) -> None:
    """A group without a command shows its commands and groups, and so do the ways to ask for that."""
    text = world.did(*path)
    assert f"  notarykit {' '.join(path)} [command]" in text.splitlines()
    for name, member in GROUPS_BY_PATH[path].commands.items():
        words = [name, *member.short.removesuffix(".").split()]
        assert any(line.split() == words for line in text.splitlines())
    assert world.did(*path, "--help") == world.did(*path, "-h") == world.did("help", *path) == text


def test_root_help_lists_commands(world: World) -> None:
    """Without a word, and on request, the program lists its commands."""
    text = world.did()
    for name, (_, short) in COMMANDS.items():
        assert any(line.split() == [name, *short.split()] for line in text.splitlines())
    assert world.did("--help") == world.did("-h") == world.did("help") == text
    assert world.did("cert", "add", "-h").splitlines()[0] == world.did("certificate", "add", "-h").splitlines()[0]


def test_version_prints_both_versions(world: World) -> None:
    """The versions of the program and of Python are shown, the short way and the long way."""
    text = world.did("version")
    assert f"Python version:  {sys.version.split(maxsplit=1)[0]}\n" in text
    assert world.did("version", "--debug") == text
    assert world.process("version").out == text


def _complete(world: World, line: str) -> list[str]:
    """Returns bash's completions of the last word of a line."""
    script = world.did("completion", "bash")
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    state = f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}"
    text = f"{script}\n{state}; _notarykit; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    bash = program("bash")
    path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [bash, "--norc", "-uc", text], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("notarykit ver", ["verify", "version"]),
        ("notarykit key ", ["add", "delete", "list", "update"]),
        ("notarykit blob pol", ["policy"]),
        ("notarykit blob sign --media", ["--media-type"]),
        ("notarykit blob sign hel", ["hello"]),
        ("notarykit blob sign --signature-format ", ["jws", "cose"]),
        ("notarykit blob inspect -o t", ["tree"]),
        ("notarykit blob policy i", ["import", "init"]),
        ("notarykit blob policy init --g", ["--global"]),
        ("notarykit policy init --g", []),
        ("notarykit blob policy import hel", ["hello"]),
        ("notarykit cert g", ["generate", "generate-test"]),
        ("notarykit certificate cl", ["cleanup-test"]),
        ("notarykit sign --oci", ["--oci-layout"]),
        ("notarykit sign hello@sha256 : 00 --sig", ["--signature-format"]),
        ("notarykit sign --key build --pl", ["--plugin", "--plugin-config", "--plugin-timeout", "--platform"]),
        ("notarykit key set --def", ["--default"]),
        ("notarykit verify --allow", []),
        ("notarykit sign hel", ["hello"]),
        ("notarykit * ver", ["verify", "version"]),
        ("notarykit sign --output ", ["text", "json", "jsonl"]),
        ("notarykit verify hello -o j", ["json", "jsonl"]),
        ("notarykit sign --signature-format = c", ["cose"]),
        ("notarykit sign --manifest-form =", ["current", "older"]),
        ("notarykit certificate request --output hel", ["hello"]),
        ("notarykit sign --timestamp-root-cert hel", ["hello"]),
        ("notarykit sign -k ", ["build"]),
        ("notarykit sign --key = bu", ["build"]),
        ("notarykit key update b", ["build"]),
        ("notarykit key delete --", ["--debug", "--verbose", "--help"]),
        ("notarykit cert show --store t", ["tests"]),
        ("notarykit cert show -t ", ["ca", "signingAuthority", "tsa"]),
        ("notarykit plugin doctor local", ["local-file"]),
        ("notarykit key add --plugin local", ["local-file"]),
    ],
)
def test_bash_completes_commands_flags_values_and_names(world: World, line: str, words: list[str]) -> None:
    """Commands, flags, values, names and files are offered for the word at the cursor."""
    assert _complete(world, line) == words


def test_completion_does_not_expand_names(world: World) -> None:
    """A key's name is offered literally, without expansion by the shell; a name with a line end is not offered."""
    odd = "$(touch ran) `touch ran` * 'x"
    for name in (odd, "two\nlines"):
        world.home.add_key(make_chain(), name.replace("\n", ""))
    keys = json.loads(world.home.keys_file.read_text())
    keys["keys"][-1]["name"] = keys["default"] = "two\nlines"
    world.home.keys_file.write_text(json.dumps(keys))
    assert _complete(world, "notarykit sign --key ") == [odd, "build"]
    assert not (world.folder / "ran").exists()


def test_completion_with_malformed_settings_offers_files(world: World) -> None:
    """A list of keys that cannot be read breaks nothing at the prompt."""
    world.home.keys_file.write_text("{")
    assert _complete(world, "notarykit sign --key hel") == ["hello"]


def test_bash_completes_every_flag(world: World) -> None:
    """Every flag that the help shows is offered."""
    for path, command in EVERY.items():
        expected = sorted(f"--{flag.name}" for flag in (*command.flags, *EVERYWHERE) if not flag.hidden)
        assert sorted(_complete(world, f"notarykit {' '.join(path)} --")) == expected


def test_zsh_and_fish_scripts_have_every_command(world: World) -> None:
    """The scripts for zsh and fish name every command."""
    zsh, fish = world.did("completion", "zsh"), world.did("completion", "fish")
    assert zsh.startswith("#compdef notarykit\n")
    for path in EVERY:
        assert f'"{" ".join(path)}")' in zsh
        assert f"-n '{' '.join(('__notarykit_is', *path[:-1]))}' -a {path[-1]}\n" in fish
        assert f"-n '__notarykit_in {' '.join(path)}' -l help" in fish
