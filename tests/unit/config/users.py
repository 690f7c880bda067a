"""A user whose credentials are in files and helpers that a test writes."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

FILES = ("notation", "docker", "podman", "podman at run time", "podman at home")


class User:
    """A home folder with nothing in it, and a folder of helpers at the head of the path.

    Attributes:
        folder: The home folder.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Points the environment at the folder."""
        self.folder = folder
        self._bin = folder / "bin"
        self._bin.mkdir(parents=True)
        for name in ("DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("NOTATION_CONFIG", str(folder / "notation"))
        monkeypatch.setenv("PATH", f"{self._bin}{os.pathsep}/usr/bin{os.pathsep}/bin")
        self._monkeypatch = monkeypatch

    def path(self, file: str) -> Path:
        """Where a file of credentials is; the environment is made to lead there where it has to."""
        if file == "podman":
            self._monkeypatch.setenv("REGISTRY_AUTH_FILE", str(self.folder / "auth.json"))
        if file == "podman at run time":
            self._monkeypatch.setenv("XDG_RUNTIME_DIR", str(self.folder / "run"))
        return (
            self.folder
            / {
                "notation": "notation/config.json",
                "docker": ".docker/config.json",
                "podman": "auth.json",
                "podman at run time": "run/containers/auth.json",
                "podman at home": ".config/containers/auth.json",
            }[file]
        )

    def write(self, file: str, document: Any) -> Path:
        """Writes a file of credentials: bytes as they are, anything else as JSON."""
        path = self.path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return path

    def helper(self, name: str, script: str) -> None:
        """Writes a helper, which notes what it is asked before it runs its script."""
        log = self.folder / f"{name}.log"
        path = self._bin / f"docker-credential-{name}"
        note = f'input=$(cat)\nprintf "%s %s\\n" "$*" "$input" >> "{log}"\n'
        path.write_text(f"#!/bin/sh\n{note}{script}\n")
        path.chmod(0o755)

    def knowing(self, name: str, username: str, secret: str) -> None:
        """Writes a helper that knows every host."""
        answer = json.dumps({"ServerURL": "x", "Username": username, "Secret": secret})
        self.helper(name, f"cat <<'END'\n{answer}\nEND")

    def empty(self, name: str, *, stream: int = 1) -> None:
        """Writes a helper that knows no host, as helpers say it."""
        self.helper(name, f"echo 'credentials not found in native keychain' >&{stream}\nexit 1")

    def asked(self, name: str) -> list[str]:
        """Returns the command and input of each call of a helper."""
        log = self.folder / f"{name}.log"
        return log.read_text().splitlines() if log.exists() else []


def pair(username: str, password: str) -> dict[str, str]:
    """An entry of a file with a name and a password."""
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}
