"""Wrong PINs, touches and removal of a YubiKey."""

import os
import pty
import select
import sys
import threading
from pathlib import Path

import pytest

from tests.servers.piv.card import PinPolicy, Place, Touch, TouchPolicy
from tests.servers.piv.conftest import SPECS, MakeYubiKey, YubiKey
from tests.servers.piv.reader import Reader, path_of
from tests.servers.pkcs11.executable import describe, environment, run, sign

_SLOT_9A, _SLOT_9C, _SLOT_9E = "pkcs11:id=%01", "pkcs11:id=%02", "pkcs11:id=%04"


def _config(folder: Path, yubikey: YubiKey, place: Place) -> dict[str, str]:
    path = folder / f"ca-{place:x}.pem"
    path.write_bytes(b"".join(yubikey.chains[place].pems[1:]))
    return {"ca_certs": str(path)}


# PINs


def test_wrong_pin_costs_one_try(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """A wrong PIN costs one try and is an access error; the key is described without one."""
    config = _config(tmp_path, yubikey, Place.SIGNATURE)
    variables = yubikey.plugin_environment(module) | {"PKCS11_PIN": "999999"}
    assert describe(variables, _SLOT_9C, **config).refusal == ""
    refused = sign(variables, _SLOT_9C, "EC-256", config).refusal
    assert "ACCESS_DENIED" in refused
    assert "the PIN is wrong" in refused
    assert yubikey.token.counters().tries == yubikey.token.settings.tries - 1


def test_error_shows_the_last_try(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """The error shows that one try is left, where the module reports it, then that the PIN is locked."""
    config = _config(tmp_path, yubikey, Place.AUTHENTICATION)
    variables = yubikey.plugin_environment(module) | {"PKCS11_PIN": "999999"}
    yubikey.token.set_tries(2)
    refused = sign(variables, _SLOT_9A, "RSA-2048", config).refusal
    assert "one try is left" in refused or "only few tries are left" in refused
    assert "locked" in sign(variables, _SLOT_9A, "RSA-2048", config).refusal
    assert yubikey.token.counters().tries == 0
    refused = sign(yubikey.plugin_environment(module), _SLOT_9A, "RSA-2048", config).refusal
    assert "ACCESS_DENIED" in refused
    assert "locked" in refused
    assert "PUK" in refused


def test_slot_9e_signs_without_a_pin(yubikey: YubiKey, tmp_path: Path) -> None:
    """Slot 9e signs without a PIN where the module allows it."""
    config = _config(tmp_path, yubikey, Place.CARD_AUTHENTICATION)
    without = {"PKCS11_MODULE_PATH": path_of("opensc")}
    assert sign(without, _SLOT_9E, "RSA-2048", config).refusal == ""
    assert yubikey.token.counters().verifications == 0


def test_slot_9c_sends_the_pin_each_time(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """Slot 9c gets the PIN for each signature, read once."""
    config, counter = _config(tmp_path, yubikey, Place.SIGNATURE), tmp_path / "asked"
    source = f"|/bin/sh -c 'echo x >> {counter}; echo {yubikey.pin}'"
    script = f"""
for _ in range(3):
    sign({_SLOT_9C!r}, "EC-256", pin_source={source!r}, **{config!r})
print(json.dumps("done"))
"""
    assert run(yubikey.plugin_environment(module), script) == "done"
    assert counter.read_text() == "x\n"
    assert yubikey.token.counters().signatures == 3


def test_undeclared_pin_policy_is_handled(module: str, make_yubikey: MakeYubiKey, tmp_path: Path) -> None:
    """A key that requires the PIN each time without declaring it signs more than once."""
    yubikey = make_yubikey(slots={Place.AUTHENTICATION: {"pin_policy": PinPolicy.ALWAYS}})
    yubikey.token.insert()
    config = _config(tmp_path, yubikey, Place.AUTHENTICATION)
    script = f"for _ in range(3): sign({_SLOT_9A!r}, 'RSA-2048', **{config!r})\nprint(json.dumps('done'))"
    assert run(yubikey.plugin_environment(module), script) == "done"


# Touches


@pytest.fixture
def touchy(make_yubikey: MakeYubiKey) -> YubiKey:
    """A YubiKey whose slots 9a and 9c wait for a touch."""
    slots = {place: {"touch_policy": TouchPolicy.ALWAYS} for place in (Place.AUTHENTICATION, Place.SIGNATURE)}
    yubikey = make_yubikey(slots=slots, touch=Touch(1.6, touched=True))
    yubikey.token.insert()
    return yubikey


def test_touch_prompt_is_shown_at_the_terminal(module: str, touchy: YubiKey, tmp_path: Path) -> None:
    """The terminal shows the touch prompt, though the host shows none of the plugin's output."""
    config = _config(tmp_path, touchy, Place.SIGNATURE)
    script = f"sign({_SLOT_9C!r}, 'EC-256', **{config!r})"
    shown = _at_terminal(touchy.plugin_environment(module), script)
    assert b"Touch your key if it blinks" in shown
    assert touchy.token.counters().touches == 1


def test_missing_touch_is_an_error(module: str, touchy: YubiKey, tmp_path: Path) -> None:
    """A missing touch is an error, and the key is not asked a second time."""
    touchy.token.set_touch(Touch(4.0, touched=False))
    config = _config(tmp_path, touchy, Place.SIGNATURE)
    refused = sign(touchy.plugin_environment(module), _SLOT_9C, "EC-256", config).refusal
    assert "ACCESS_DENIED" in refused
    assert "touch" in refused
    assert touchy.token.counters().touches == 1


def _at_terminal(variables: dict[str, str], script: str) -> bytes:
    """Returns the terminal's output during a script whose standard streams are discarded."""
    from tests.servers.pkcs11.executable import PRELUDE

    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another program in a moment
        os.dup2(0, 9)  # as a shell would, it keeps the terminal open
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os.execve(sys.executable, [sys.executable, "-c", PRELUDE + script], environment(variables))
    shown = b""
    while select.select([terminal], [], [], 60)[0]:
        try:
            piece = os.read(terminal, 4096)
        except OSError:
            break
        shown += piece
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, shown
    return shown


# Pulled out and put back


_PULLED = """
sign({uri!r}, {spec!r}, **{config!r})
print("signed", flush=True)
input()
print(refusal({uri!r}, {spec!r}, **{config!r}), flush=True)
input()
print(refusal({uri!r}, {spec!r}, **{config!r}), flush=True)
"""


def test_process_signs_after_reinsertion(module: str, yubikey: YubiKey, reader: Reader, tmp_path: Path) -> None:
    """A process reports a removed token, and signs again once it is back."""
    import subprocess

    from tests.servers.pkcs11.executable import PRELUDE

    config = _config(tmp_path, yubikey, Place.AUTHENTICATION)
    script = PRELUDE + _PULLED.format(uri=_SLOT_9A, spec=SPECS[Place.AUTHENTICATION], config=config)
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment(yubikey.plugin_environment(module)), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1,
    ) as process:  # fmt: skip
        assert process.stdin
        assert process.stdout
        timer = threading.Timer(120, process.kill)
        timer.start()
        try:
            assert process.stdout.readline() == "signed\n"
            reader.pull()
            process.stdin.write("\n")
            gone = process.stdout.readline()
            assert "was removed" in gone or "no token matches" in gone
            yubikey.token.insert()
            process.stdin.write("\n")
            assert process.stdout.readline() == "None\n"
        finally:
            timer.cancel()


def test_empty_reader_is_reported(module: str, yubikey: YubiKey, reader: Reader) -> None:
    """An empty reader is reported."""
    reader.pull()
    refused = describe(yubikey.plugin_environment(module), _SLOT_9A).refusal
    assert "no token matches" in refused
    assert "plug it in" in refused


def test_two_yubikeys_differ_in_serial_number(module: str, make_yubikey: MakeYubiKey, tmp_path: Path) -> None:
    """Two YubiKeys are told apart by their serial numbers."""
    first, second = make_yubikey(), make_yubikey(slots={Place.AUTHENTICATION: {"certificate": None}})
    first.token.insert(0)
    second.token.insert(1)
    refused = describe(first.plugin_environment(module), _SLOT_9A).refusal
    assert "2 tokens match" in refused
    serial = refused.partition("serial=")[2].partition(";")[0]
    config = _config(tmp_path, first, Place.AUTHENTICATION)
    answers = [describe(first.plugin_environment(module), f"pkcs11:serial={serial};id=%01", **config)]
    other = refused.rpartition("serial=")[2].partition(";")[0]
    answers.append(describe(first.plugin_environment(module), f"pkcs11:serial={other};id=%01", **config))
    assert sorted(answer.refusal == "" for answer in answers) == [False, True]


@pytest.mark.parametrize("ending", ["os._exit(0)", "sys.exit(0)"])
def test_forked_child_keeps_the_parents_connection(module: str, yubikey: YubiKey, ending: str, tmp_path: Path) -> None:
    """A child forked after a signature does not end the parent's connection."""
    config = _config(tmp_path, yubikey, Place.AUTHENTICATION)
    script = f"""
sign({_SLOT_9A!r}, "RSA-2048", **{config!r})
pid = os.fork()
if pid == 0:
    {ending}
os.waitpid(pid, 0)
sign({_SLOT_9A!r}, "RSA-2048", **{config!r})
pid = os.fork()
if pid == 0:
    os._exit(0 if refusal({_SLOT_9A!r}, "RSA-2048", **{config!r}) is None else 1)
code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps([code, refusal({_SLOT_9A!r}, "RSA-2048", **{config!r})]))
"""
    assert run(yubikey.plugin_environment(module), script) == [0, None]
