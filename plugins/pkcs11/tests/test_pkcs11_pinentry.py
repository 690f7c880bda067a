"""Pinentry: commands sent, responses accepted, and time limits."""

import time
from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError
from notarykit.plugin.time_limit import deadline
from notarykit_pkcs11.pin import pinentry
from notarykit_pkcs11.pin.pinentry import find_pinentry, request_pin
from tests.support.executables import write_program

_SECRET = "swordfish"
_ENTRY = """#!/bin/sh
here='{folder}'
echo "OK Pleased to meet you"
while IFS= read -r line; do
  printf '%s\\n' "$line" >> "$here/log"
  case "$line" in
    GETPIN) cat "$here/answer" ;;
    OPTION*) cat "$here/option" ;;
    *) echo OK ;;
  esac
done
"""


class _Entry:
    """A pinentry that gives one answer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.program = str(write_program(folder / "pinentry", _ENTRY.format(folder=folder)))
        (folder / "option").write_text("OK\n")

    def ask(self, answer: bytes, prompt: str = "PIN of token 'a'") -> bytes:
        (self._folder / "answer").write_bytes(answer)
        with deadline(30.0):
            return request_pin(self.program, prompt)

    def refuse_options(self) -> None:
        (self._folder / "option").write_text("ERR 83886254 Unknown option <Pinentry>\n")

    @property
    def commands(self) -> list[str]:
        return (self._folder / "log").read_text().splitlines()


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> _Entry:
    """A pinentry, and a place for a terminal that is there."""
    (tmp_path / "tty").touch()
    monkeypatch.setattr(pinentry, "TERMINAL", str(tmp_path / "tty"))
    monkeypatch.setenv("TERM", "xterm")
    return _Entry(tmp_path)


@pytest.mark.parametrize(
    ("answer", "pin"),
    [
        (b"D 1234\nOK\n", b"1234"),
        (b"D 12%25%0A%0d\xc3\xa4%C3%A4\nOK\n", b"12%\n\r\xc3\xa4\xc3\xa4"),
        (b"D 12\nD 34\nD  5 \nOK\n", b"1234 5 "),
        (b"S PASSWORD_FROM_CACHE\n# D 99\nD 1234\nS more\nOK done\n", b"1234"),
        (b"D \nOK\n", b""),
        (b"OK\n", b""),
        (b"D OK\nOK\n", b"OK"),
        (b"D 1+1\nOK\n", b"1+1"),
    ],
)
def test_data_lines_are_joined_and_decoded(entry: _Entry, answer: bytes, pin: bytes) -> None:
    """Data lines are joined and decoded; status lines and comments are ignored."""
    assert entry.ask(answer) == pin


def test_commands_escape_the_prompt(entry: _Entry, tmp_path: Path) -> None:
    """The program receives the terminal, and the prompt as one escaped line."""
    entry.ask(b"D 1234\nOK\n", "PIN of 100% 'a'\r\nGETPIN")
    assert entry.commands == [
        f"OPTION ttyname={tmp_path}/tty",
        "OPTION ttytype=xterm",
        "SETDESC PIN of 100%25 'a'%0D%0AGETPIN",
        "SETPROMPT PIN:",
        "GETPIN",
    ]


def test_unknown_options_are_ignored(entry: _Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that rejects the terminal options still asks; without a terminal none are sent."""
    entry.refuse_options()
    assert entry.ask(b"D 1234\nOK\n") == b"1234"
    sent = len(entry.commands)
    monkeypatch.setattr(pinentry, "TERMINAL", "/no/such/terminal")
    assert entry.ask(b"D 1234\nOK\n") == b"1234"
    assert not [line for line in entry.commands[sent:] if line.startswith("OPTION")]


@pytest.mark.parametrize(
    "answer", [b"ERR 83886179 Operation cancelled <Pinentry>\n", b"D swordfish\nERR 1 swordfish\n"]
)
def test_cancelled_dialog_is_access_denied(entry: _Entry, answer: bytes) -> None:
    """A cancelled dialog is an access error without the data received before."""
    with pytest.raises(PluginAccessDeniedError, match="no PIN was entered") as caught:
        entry.ask(answer)
    assert _SECRET not in caught.value.one_line()


@pytest.mark.parametrize(
    "text",
    ["exit 0", "echo OK; exit 0", "echo OK; read line; echo OK; echo 'D swordfish'; exit 0", "kill -9 $$", "exec >&-"],
)
def test_program_that_dies_returns_no_pin(text: str, tmp_path: Path) -> None:
    """A program that ends before its response does returned no PIN."""
    program = write_program(tmp_path / "pinentry", f"#!/bin/sh\n{text}\n")
    with pytest.raises(PluginAccessDeniedError) as caught:
        request_pin(str(program), "PIN")
    assert caught.value.message == f"{program} returned no PIN"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("text", ["", "echo OK; ", "echo OK; read line; echo 'D swordfish'; "])
def test_silent_program_is_killed_at_the_deadline(text: str, tmp_path: Path) -> None:
    """A program without a response is killed at the deadline."""
    program = write_program(tmp_path / "pinentry", f"#!/bin/sh\necho $$ > {tmp_path}/pid\n{text}exec sleep 60\n")
    begun = time.monotonic()
    with deadline(0.5), pytest.raises(PluginAccessDeniedError) as caught:
        request_pin(str(program), "PIN")
    assert time.monotonic() - begun < 30
    assert _SECRET not in caught.value.one_line()
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_program_is_killed_after_its_response(tmp_path: Path) -> None:
    """A program that keeps running after its response is killed."""
    program = write_program(
        tmp_path / "pinentry",
        "#!/bin/sh\necho OK\nwhile read -r line; do\n"
        'if [ "$line" = GETPIN ]; then printf "D 1234\\nOK\\n"; exec sleep 60; fi\necho OK\ndone\n',
    )
    begun = time.monotonic()
    assert request_pin(str(program), "PIN") == b"1234"
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(("mode", "why"), [(None, "No such file or directory"), (0o644, "Permission denied")])
def test_program_that_cannot_be_run_is_named(mode: int | None, why: str, tmp_path: Path) -> None:
    """A missing or non-executable program is named in the error."""
    if mode:
        write_program(tmp_path / "pinentry", "#!/bin/sh\n", mode)
    with pytest.raises(PluginAccessDeniedError) as caught:
        request_pin(str(tmp_path / "pinentry"), "PIN")
    assert caught.value.one_line() == f"{tmp_path}/pinentry cannot be run: {why}: check the setting pinentry"


def test_default_program_needs_a_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default program is used where there is a display."""
    program = write_program(tmp_path / "pinentry", "#!/bin/sh\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    assert find_pinentry() is None
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.setenv(name, ":0")
        assert find_pinentry() == str(program)
        monkeypatch.setenv(name, "")
        assert find_pinentry() is None
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", str(tmp_path / "none"))
    assert find_pinentry() is None
