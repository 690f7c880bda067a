"""Terminal of the user, while the standard streams are a host's."""

import base64
import contextlib
import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from notarykit.keys.signature import verify_raw
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin.service import terminal
from tests.support.ca import make_chain, pem_of

_CHAIN = make_chain()
_SECRET = "swördfish"
_PROMPT = "Secret, please: "
_SECONDS = 60
_PAYLOAD = b"payload"
_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"

# Asks twice, and tells on standard output what it got; what comes on standard input must not be taken for an answer.
_ASKING = f"""
from notarykit.plugin.service.terminal import prompt_secret
first = prompt_secret({_PROMPT!r})
print(repr([first, prompt_secret("Again: ")]))
"""
# Makes a terminal that it was given the one that controls its session, and becomes another program.
_CONTROLLED = """
import fcntl, os, sys, termios
fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)
os.close(int(sys.argv[1]))
os.execv(sys.argv[2], sys.argv[2:])
"""
_PLUGIN = (sys.executable, "-m", "notarykit_local_file")


class _Ended(NamedTuple):
    """How a child ended, and what a person saw at its terminal."""

    code: int
    out: bytes
    err: bytes
    screen: str


class _Terminal:
    """A pseudo-terminal, seen from where a person sits."""

    def __init__(self) -> None:
        self._ours, self.theirs = os.openpty()
        self._held = os.fdopen(self.theirs, "rb", buffering=0)  # until the end: the screen goes with its last user
        self.screen = b""

    def close(self) -> None:
        self._held.close()
        os.close(self._ours)

    def answer(self, child: subprocess.Popen[bytes], prompt: str, typed: bytes) -> None:
        """Waits for a question and types an answer."""
        while prompt.encode() not in self.screen:
            is_running = child.poll() is None
            if select.select([self._ours], [], [], 0.1)[0]:
                self.screen += os.read(self._ours, 4096)
            elif not is_running:
                raise AssertionError(f"it ended without the question, with {self.screen!r} on the screen")
        os.write(self._ours, typed)

    def read_rest(self) -> None:
        """Reads what else was written, when nobody writes any more."""
        self._held.close()
        with contextlib.suppress(OSError):  # how Linux says that nobody has the other end
            while piece := os.read(self._ours, 4096):
                self.screen += piece


def _environment(**more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOTARYKIT")}
    return kept | {"LC_ALL": "C.UTF-8"} | more


def _at_terminal(command: tuple[str, ...], stdin: bytes, *answers: tuple[str, bytes], **environment: str) -> _Ended:
    """Runs a command with a terminal of its own and pipes for all three streams, and answers its questions."""
    seat = _Terminal()
    with (
        contextlib.closing(seat),
        subprocess.Popen(
            [sys.executable, "-c", _CONTROLLED, str(seat.theirs), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(seat.theirs,),
            start_new_session=True,
            env=_environment(**environment),
        ) as child,
    ):
        try:
            assert child.stdin is not None
            child.stdin.write(stdin)
            child.stdin.close()
            child.stdin = None
            for prompt, typed in answers:
                seat.answer(child, prompt, typed)
            out, err = child.communicate(timeout=_SECONDS)
            seat.read_rest()
        finally:
            child.kill()
    return _Ended(child.returncode, out, err, seat.screen.decode(errors="replace"))


def _without_terminal(command: tuple[str, ...], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    """Runs a command in a session that has no terminal."""
    return subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
        start_new_session=True,
        env=_environment(),
    )


# The question


@pytest.mark.parametrize("typed", [_SECRET, "two words", " blanks ", "世界", "x" * 200])
def test_secret_is_read_from_the_terminal(typed: str) -> None:
    """A secret is read from the terminal without echo, though all three streams are pipes."""
    answers = ((_PROMPT, typed.encode() + b"\n"), ("Again: ", b"second\n"))
    ended = _at_terminal((sys.executable, "-c", _ASKING), b"not this\nnor this\n", *answers)
    assert (ended.code, ended.err) == (0, b"")
    assert ended.out.decode() == repr([typed.encode(), b"second"]) + "\n"
    assert _PROMPT in ended.screen
    assert "Again: " in ended.screen
    assert typed not in ended.screen
    assert "second" not in ended.screen


def test_undecodable_answer_is_none() -> None:
    """Bytes that are not of the terminal's encoding are no answer."""
    ended = _at_terminal((sys.executable, "-c", _ASKING), b"", (_PROMPT, b"sw\xf6rdfish\n"), ("Again: ", b"second\n"))
    assert (ended.code, ended.err) == (0, b"")
    assert ended.out.decode() == repr([None, b"second"]) + "\n"


def test_empty_line_is_an_empty_secret() -> None:
    """An empty line is an empty secret, and the end of the input no answer."""
    ended = _at_terminal((sys.executable, "-c", _ASKING), b"", (_PROMPT, b"\n"), ("Again: ", b"\x04"))
    assert (ended.code, ended.err) == (0, b"")
    assert ended.out.decode() == repr([b"", None]) + "\n"


def test_standard_input_is_no_answer() -> None:
    """Without a terminal there is no prompt, and standard input is not read."""
    done = _without_terminal((sys.executable, "-c", _ASKING), b"not this\nnor this\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"[None, None]\n", b"")


def test_missing_terminal_is_not_prompted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal there is no prompt."""
    monkeypatch.setattr(terminal, "TERMINAL", str(tmp_path / "absent"))
    monkeypatch.setattr("getpass.getpass", lambda _: pytest.fail("asked"))
    assert terminal.prompt_secret(_PROMPT) is None


# Writing

_TELLING = """
from notarykit.plugin.service.terminal import write_to_terminal
write_to_terminal({text!r})
print("done")
"""


@pytest.mark.parametrize("text", ["Touch your key.", "世界 é", "two\nlines", ""])
def test_line_is_written_to_the_terminal(text: str) -> None:
    """The text is a line of its own at the terminal, and on no stream."""
    ended = _at_terminal((sys.executable, "-c", _TELLING.format(text=text)), b"")
    assert (ended.code, ended.out, ended.err) == (0, b"done\n", b"")
    assert ended.screen.replace("\r\n", "\n") == f"{text}\n"


def test_no_terminal_to_write_to_is_no_error() -> None:
    """In a session without a terminal, the text is dropped."""
    done = _without_terminal((sys.executable, "-c", _TELLING.format(text="Touch your key.")), b"")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"done\n", b"")


@pytest.mark.parametrize("place", ["absent", "full", "folder"])
def test_terminal_that_fails_is_no_error(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is missing, or disappears before it is written to, is no error, and no descriptor stays open."""
    path = {"absent": tmp_path / "absent", "full": Path("/dev/full"), "folder": tmp_path}[place]
    monkeypatch.setattr(terminal, "TERMINAL", str(path))
    before = os.listdir("/proc/self/fd")
    terminal.write_to_terminal("Touch your key.")
    assert os.listdir("/proc/self/fd") == before


# The plugin as an executable, whose guard has taken standard output and standard error


@pytest.fixture
def key(tmp_path: Path) -> str:
    """An encrypted key with its chain."""
    path = tmp_path / "my.pem"
    path.touch(mode=0o600)
    path.write_bytes(pem_of(_CHAIN.leaf_key, _SECRET.encode()) + _CHAIN.chain_pem)
    return str(path)


def _request(key: str) -> bytes:
    members: dict[str, Any] = {
        "contractVersion": "1.0",
        "keyId": key,
        "keySpec": "EC-256",
        "hashAlgorithm": "SHA-256",
        "payload": base64.b64encode(_PAYLOAD).decode(),
    }
    return json.dumps(members).encode()


_SIGN = (*_PLUGIN, "generate-signature")


def test_plugin_signs_with_the_secret(key: str) -> None:
    """The passphrase from the terminal signs, and a host reads nothing but the response."""
    ended = _at_terminal(_SIGN, _request(key), (f"Passphrase of {key}: ", _SECRET.encode() + b"\n"))
    assert (ended.code, ended.err) == (0, b"")
    answer = json.loads(ended.out)
    assert (answer["keyId"], answer["signingAlgorithm"]) == (key, "ECDSA-SHA-256")
    verify_raw(_CHAIN.leaf_key.public_key(), KEY_SPECS["EC-256"], base64.b64decode(answer["signature"]), _PAYLOAD)
    assert _SECRET not in ended.screen


@pytest.mark.parametrize("typed", [b"hunter2", b""])
def test_wrong_secret_is_an_error_without_it(typed: bytes, key: str) -> None:
    """A wrong passphrase ends in the protocol's error, which does not quote it."""
    ended = _at_terminal(_SIGN, _request(key), (f"Passphrase of {key}: ", typed + b"\n"))
    assert (ended.code, ended.out) == (1, b"")
    error = json.loads(ended.err)
    assert error["errorCode"] == "ACCESS_DENIED"
    assert "cannot be decrypted" in error["errorMessage"]
    assert "hunter2" not in ended.err.decode() + ended.screen


def test_configured_secret_is_not_prompted(key: str) -> None:
    """With the passphrase in the environment, nothing is written to the terminal."""
    ended = _at_terminal(_SIGN, _request(key), **{_VARIABLE: _SECRET})
    assert (ended.code, ended.err, ended.screen) == (0, b"", "")


def test_plugin_without_a_terminal_fails_with_advice(key: str) -> None:
    """Without a terminal the plugin fails with advice, and does not wait."""
    done = _without_terminal(_SIGN, _request(key))
    assert (done.returncode, done.stdout) == (1, b"")
    error = json.loads(done.stderr)
    assert error["errorCode"] == "ACCESS_DENIED"
    assert f"there is no terminal to ask for its passphrase: set ${_VARIABLE}" in error["errorMessage"]
