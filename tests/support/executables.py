"""Executable plugins for tests: small programs where notation and notarykit look for them."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RAW = "SIGNATURE_GENERATOR.RAW"


def write_program(path: Path, text: str, mode: int = 0o755) -> Path:
    """Writes a program, with the folders that lead to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def add_executable(plugins: Path, name: str, text: str, mode: int = 0o755) -> Path:
    """Writes a program to where the executable of a plugin is looked for, and returns its path."""
    return write_program(plugins / name / f"notation-{name}", text, mode)


def metadata(name: str, *capabilities: str, version: str = "1.0.0", **changes: Any) -> dict[str, Any]:
    """The answer to get-plugin-metadata."""
    return {
        "name": name,
        "description": "A test",
        "version": version,
        "url": "https://example.com",
        "supportedContractVersions": ["1.0"],
        "capabilities": list(capabilities or (RAW,)),
        **changes,
    }


def shell_plugin(name: str, *capabilities: str, version: str = "1.0.0", **commands: str) -> str:
    """The text of a plugin in sh.

    Args:
        name: Its name.
        capabilities: Its capabilities.
        version: Its version.
        commands: What it does for a command, as lines of sh; `_` for `-` in the command's name.
    """
    cases = {"get-plugin-metadata": answering(metadata(name, *capabilities, version=version))}
    cases |= {command.replace("_", "-"): lines for command, lines in commands.items()}
    arms = "\n".join(f"{command})\n{lines}\n;;" for command, lines in cases.items())
    return f'#!/bin/sh\ncase "$1" in\n{arms}\n*) exit 3;;\nesac\n'


def answering(answer: Mapping[str, Any]) -> str:
    """Lines of sh that read the request and write an answer."""
    return f"cat > /dev/null; cat <<'END'\n{json.dumps(answer)}\nEND"


def failing(error: Mapping[str, Any] | str, code: int = 1) -> str:
    """Lines of sh that read the request, write an error, as JSON or as it is, and end with an exit code."""
    text = error if isinstance(error, str) else json.dumps(error)
    return f"cat > /dev/null; cat >&2 <<'END'\n{text}\nEND\nexit {code}"


def guarded_plugin(module: Path, source: str, kind: str = "Found") -> str:
    """Write a plugin's module, and return the text of an executable that serves its class."""
    module.parent.mkdir(parents=True, exist_ok=True)
    module.write_text(source)
    return (
        f"#!{sys.executable} -I\nimport sys\nsys.path.insert(0, {str(module.parent)!r})\n"
        f"from notarykit.plugin import executable\nsys.exit(executable({f'{module.stem}:{kind}'!r})())\n"
    )
