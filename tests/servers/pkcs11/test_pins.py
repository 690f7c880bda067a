"""Sources of a PIN, attempts with it, and its secrecy."""

import os
import pty
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.pkcs11.executable import ask, describe, environment, run, sign
from tests.servers.pkcs11.token import Token
from tests.support import requirements
from tests.support.executables import write_program

_URI = "pkcs11:object=EC-256"


def _without_pin(token: Token, **more: str) -> dict[str, str]:
    return {**token.environment, "PKCS11_MODULE_PATH": str(token.module), **more}


def _pin_file(folder: Path, pin: str) -> Path:
    path = folder / "pin"
    path.touch(mode=0o600)
    path.write_text(f"{pin}\n")
    return path


# From where


def test_pin_from_a_variable(softhsm: Token) -> None:
    """The PIN is in `$PKCS11_PIN` or a named variable, which must be set."""
    assert sign(_without_pin(softhsm, PKCS11_PIN=softhsm.pin), _URI, "EC-256").refusal == ""
    config = {"pin_env": "MY_PIN"}
    assert sign(_without_pin(softhsm, MY_PIN=softhsm.pin, PKCS11_PIN="wrong"), _URI, "EC-256", config).refusal == ""
    refused = sign(_without_pin(softhsm, PKCS11_PIN=softhsm.pin), _URI, "EC-256", config).refusal
    assert refused.startswith("ACCESS_DENIED ")
    assert "needs a PIN, and $MY_PIN is not set" in refused


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
def test_pin_from_a_file(softhsm: Token, form: str, tmp_path: Path) -> None:
    """The PIN is the first line of a file, named in the configuration or the URI."""
    source = form.format(_pin_file(tmp_path, softhsm.pin))
    assert sign(_without_pin(softhsm), _URI, "EC-256", {"pin_source": source}).refusal == ""
    assert sign(_without_pin(softhsm), f"{_URI}?pin-source={quote(source)}", "EC-256").refusal == ""


def test_stray_marks_cost_no_try(softhsm: Token, tmp_path: Path) -> None:
    """Marks of a file are no part of the PIN; in a variable they are refused without a try."""
    path = _pin_file(tmp_path, softhsm.pin)
    path.write_bytes(b"\xef\xbb\xbf" + softhsm.pin.encode() + b"\r\n")
    assert sign(_without_pin(softhsm), _URI, "EC-256", {"pin_source": str(path)}).refusal == ""
    refused = sign(_without_pin(softhsm, PKCS11_PIN=f"{softhsm.pin}\r"), _URI, "EC-256").refusal
    assert "ends with a carriage return" in refused
    assert "tries" not in refused


def test_pin_from_a_program(softhsm: Token, tmp_path: Path) -> None:
    """A program prints the PIN; one that fails, prints nothing or does not exist is named in the error."""
    text = f"#!/bin/sh\n[ \"$1\" = 'a b' ] && cat '{_pin_file(tmp_path, softhsm.pin)}'\n"
    program = write_program(tmp_path / "pin tool", text)
    source = f"|'{program}' 'a b'"
    assert sign(_without_pin(softhsm), _URI, "EC-256", {"pin_source": source}).refusal == ""
    assert sign(_without_pin(softhsm), f"{_URI}?pin-source={quote(source)}", "EC-256").refusal == ""
    for wrong, text in (
        (f"|'{program}'", "returned no PIN: it exited with 1"),
        ("|/bin/true", "is empty"),
        ("|/no/such/program", "cannot be run"),
        ("|relative", "no program by an absolute path"),
        ("|'", "no program by an absolute path"),
        ("relative", "neither an absolute path nor a program"),
        (str(tmp_path / "none"), "none"),
    ):
        assert text in sign(_without_pin(softhsm), _URI, "EC-256", {"pin_source": wrong}).refusal


def test_contradicting_sources_are_refused(softhsm: Token, tmp_path: Path) -> None:
    """Different sources in URI and configuration are refused."""
    path = _pin_file(tmp_path, softhsm.pin)
    refused = sign(_without_pin(softhsm), f"{_URI}?pin-source={path}", "EC-256", {"pin_source": "/other"}).refusal
    assert "pin-source in the URI differs from pin_source" in refused


_PINENTRY = """#!{python}
import sys, urllib.parse
print("OK ready", flush=True)
for line in sys.stdin:
    line = line.rstrip("\\n")
    with open({log!r}, "a") as log:
        log.write(line + "\\n")
    if line == "GETPIN":
        pin = {pin!r}
        if pin is None:
            print("ERR 83886179 Operation cancelled <Pinentry>", flush=True)
            continue
        print("S a status line\\nD " + pin.replace("%", "%25"), flush=True)
    print("OK" if not line.startswith("OPTION") else "ERR 1 not here", flush=True)
"""


def test_pin_from_pinentry(softhsm: Token, tmp_path: Path) -> None:
    """The dialog shows the token and returns the PIN; cancelling it is an access error."""
    log = tmp_path / "log"
    for pin in (softhsm.pin, None):
        text = _PINENTRY.format(python=sys.executable, log=str(log), pin=pin)
        program = write_program(tmp_path / f"pinentry-{pin is None}", text)
        refused = sign(_without_pin(softhsm), _URI, "EC-256", {"pinentry": str(program)}).refusal
        assert refused.startswith("ACCESS_DENIED no PIN was entered" if pin is None else "")
        assert bool(refused) is (pin is None)
    assert f"SETDESC PIN of token {softhsm.label!r}" in log.read_text()
    assert softhsm.pin not in log.read_text()
    for wrong in ("/bin/false", "/no/such/pinentry"):
        assert wrong in sign(_without_pin(softhsm), _URI, "EC-256", {"pinentry": wrong}).refusal


def test_pin_from_gnupg_pinentry(softhsm: Token, tmp_path: Path) -> None:
    """GnuPG's pinentry asks at a terminal and returns the PIN."""
    program = requirements.program("pinentry-curses")
    said = _at_terminal(_without_pin(softhsm, TERM="xterm"), softhsm.pin, "pinentry", program, waits_for="PIN")
    assert said == 0


def test_pin_from_the_terminal(softhsm: Token) -> None:
    """The terminal is the default, though standard input and output carry the protocol."""
    assert _at_terminal(_without_pin(softhsm), softhsm.pin) == 0
    assert _at_terminal(_without_pin(softhsm), "wrong") == 1


def _at_terminal(variables: dict[str, str], typed: str, *setting: str, waits_for: str = "PIN of token") -> int:
    """The exit code of generate-signature with a person at its terminal, who types something once asked."""
    import json
    import select

    config = {setting[0]: setting[1]} if setting else {}
    request = {
        "contractVersion": "1.0", "keyId": _URI, "pluginConfig": config, "payload": "eA==",
        "keySpec": "EC-256", "hashAlgorithm": "SHA-256",
    }  # fmt: skip
    source, target = os.pipe()
    os.write(target, json.dumps(request).encode())
    os.close(target)
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another program in a moment
        os.dup2(0, 9)  # as a shell would, it keeps the terminal open
        os.dup2(source, 0)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        command = [sys.executable, "-m", "notarykit_pkcs11", "generate-signature"]
        os.execve(sys.executable, command, environment(variables))
    os.close(source)
    shown, is_typed = b"", False
    while select.select([terminal], [], [], 60)[0]:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if not is_typed and waits_for.encode() in shown:
            os.write(terminal, typed.encode() + b"\r")
            is_typed = True
    os.close(terminal)
    assert is_typed, shown
    assert typed.encode() not in shown
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_missing_terminal_is_reported_with_advice(softhsm: Token) -> None:
    """Without a source and a terminal the error lists the settings for a PIN."""
    script = """
from notarykit.errors import PluginAccessDeniedError
from notarykit_pkcs11.pin.source import PinSource
try:
    PinSource(None, {}).get("t")
except PluginAccessDeniedError as error:
    print(error.one_line())
"""
    done = subprocess.run(
        ["setsid", "--wait", sys.executable, "-c", script],
        env=environment({}), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout.startswith("t needs a PIN, and there is no terminal to ask for it: set pin_source=FILE")


# How often


def test_wrong_pin_is_sent_once(empty_softhsm: Token) -> None:
    """A wrong PIN is an access error, and is sent once in a process."""
    empty_softhsm.make_key("EC-256", "EC-256", b"\x01")
    refused = describe(_without_pin(empty_softhsm, PKCS11_PIN="wrong"), "pkcs11:object=EC-256")
    assert "no certificate" in refused.refusal  # the public key suffices: no PIN was used
    found = run(
        _without_pin(empty_softhsm, PKCS11_PIN="wrong"),
        """
key = plugin.open_key("pkcs11:object=EC-256", {})
found = []
for _ in range(3):
    try:
        key.sign(b"x", KEY_SPECS["EC-256"])
    except NotarykitError as error:
        found.append([error.code, error.message])
print(json.dumps(found))
""",
    )
    assert [code for code, _ in found] == ["ACCESS_DENIED"] * 3
    assert "the PIN is wrong" in found[0][1]
    assert all("was wrong before, and is not tried again" in text for _, text in found[1:])


def test_corrected_pin_signs_in_the_same_process(empty_softhsm: Token) -> None:
    """The same process signs once the PIN is corrected at its source."""
    empty_softhsm.make_key("EC-256", "EC-256", b"\x01")
    found = run(
        _without_pin(empty_softhsm, PKCS11_PIN="wrong", RIGHT=empty_softhsm.pin),
        """
key = plugin.open_key("pkcs11:object=EC-256", {})
try:
    key.sign(b"x", KEY_SPECS["EC-256"])
except NotarykitError:
    os.environ["PKCS11_PIN"] = os.environ["RIGHT"]
print(json.dumps(len(key.sign(b"x", KEY_SPECS["EC-256"]))))
""",
    )
    assert found == 64


def test_describe_key_needs_no_pin(softhsm: Token) -> None:
    """describe-key reads public objects without a PIN."""
    answer = describe(_without_pin(softhsm, PKCS11_PIN="wrong"), _URI)
    assert (answer.refusal, answer.members["keySpec"]) == ("", "EC-256")


# Who sees it


@pytest.mark.parametrize("pin", ["right", "wrong"])
def test_pin_is_in_no_output(softhsm: Token, pin: str, tmp_path: Path) -> None:
    """Neither the response nor the log contains the PIN."""
    secret = softhsm.pin if pin == "right" else "swordfish"
    log = tmp_path / "log"
    answer = sign(_without_pin(softhsm, PKCS11_PIN=secret, NOTARYKIT_PLUGIN_LOG=str(log)), _URI, "EC-256")
    assert bool(answer.refusal) is (pin == "wrong")
    assert secret not in answer.text + (log.read_text() if log.exists() else "")


def test_pin_in_the_key_id_is_refused(softhsm: Token) -> None:
    """A PIN in a URI is refused and not shown."""
    answer = ask(_without_pin(softhsm), "describe-key", f"{_URI}?pin-value=swordfish")
    assert "it must not contain a PIN" in answer.refusal
    assert "swordfish" not in answer.text
