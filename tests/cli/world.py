"""A user at the command line: settings, a layout with an artifact, and the command in this process or another."""

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pytest

from notarykit._internal import files
from notarykit.cli import main
from notarykit.envelope.descriptor import Descriptor
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Digest, Tag
from tests.support.ca import TestChain
from tests.support.homes import SCOPE, complete_home
from tests.support.layouts import make_layout


class Done(NamedTuple):
    """How a command ended.

    Attributes:
        code: Its exit code.
        out: Its standard output.
        err: Its standard error.
    """

    code: int
    out: str
    err: str


class World:
    """Settings and a layout `hello` with the tag `v1`, in a folder of their own, which is the working folder.

    Attributes:
        folder: The working folder.
        home: The settings, whose default key `build` signs and is trusted.
        chain: The chain of that key.
        layout: The layout.
        reference: The artifact, as arguments name it.
    """

    def __init__(
        self,
        folder: Path,
        chain: TestChain,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        """Makes the files and points the environment at them."""
        self.folder, self.chain = folder, chain
        self.home = complete_home(folder / "home", chain)
        self.layout = make_layout(folder / "hello")
        self.reference = f"hello@{self.layout.digest}"
        self._monkeypatch, self._capsys = monkeypatch, capsys
        environment = self.home.environment()
        for name in set(os.environ) - set(environment) - {"PYTEST_CURRENT_TEST"}:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(folder)

    def run(self, *arguments: str, stdin: str = "") -> Done:
        """Runs a command line in this process."""
        self._monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        self._capsys.readouterr()
        code = main(list(arguments))
        return Done(code, *self._capsys.readouterr())

    def break_at(self, digest: str) -> None:
        """Makes the look-up of an artifact in a layout fail with an unforeseen error."""
        resolve = ImageLayout.resolve

        def broken(self: ImageLayout, identifier: Tag | Digest) -> Descriptor:
            if identifier == digest:
                raise ZeroDivisionError("swordfish")
            return resolve(self, identifier)

        self._monkeypatch.setattr(ImageLayout, "resolve", broken)

    def break_file(self, path: str) -> str:
        """Makes the opening of a file fail with an unforeseen error, and returns its path."""
        open_regular = files.open_regular

        def broken(name: str) -> BinaryIO:
            if name == path:
                raise ZeroDivisionError("swordfish")
            return open_regular(name)

        self._monkeypatch.setattr(files, "open_regular", broken)
        return path

    def did(self, *arguments: str, stdin: str = "") -> str:
        """Runs a command line that must succeed without a word on standard error, and returns its output."""
        done = self.run(*arguments, stdin=stdin)
        assert (done.code, done.err) == (0, "")
        return done.out

    def refused(self, code: int, *arguments: str, stdin: str = "") -> str:
        """Runs a command line that must end with an exit code and one line of error, and returns that line's text."""
        done = self.run(*arguments, stdin=stdin)
        assert done.code == code, done
        assert done.out == ""
        return error_of(done.err)

    def process(self, *arguments: str | bytes, stdin: bytes | None = b"", **environment: str) -> Done:
        """Runs the real command line in a process of its own."""
        command = [sys.executable, "-m", "notarykit.cli", *arguments]
        done = subprocess.run(
            command, env=self.home.environment(**environment), input=stdin, capture_output=True, check=False
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    def sign(self, *flags: str, reference: str = "") -> str:
        """Signs, by the digest, which brings no warning."""
        return self.did("sign", "--oci-layout", *flags, reference or self.reference)

    def verify(self, *flags: str, reference: str = "") -> str:
        """Verifies with success."""
        return self.did(*VERIFY, *flags, reference or self.reference)


VERIFY = ("verify", "--oci-layout", "--scope", SCOPE)


def error_of(err: str) -> str:
    """The text of the one line that is on standard error."""
    assert err.startswith("Error: ")
    assert err.endswith("\n")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    return err.removeprefix("Error: ").removesuffix("\n")
