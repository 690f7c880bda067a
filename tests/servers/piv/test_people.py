"""What happens to people with a YubiKey: wrong PINs, touches, and a key that is pulled out."""

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
from tests.servers.pkcs11.asking import describe, environment, run, sign

_SLOT_9A, _SLOT_9C, _SLOT_9E = "pkcs11:id=%01", "pkcs11:id=%02", "pkcs11:id=%04"


def _config(folder: Path, yubikey: YubiKey, place: Place) -> dict[str, str]:
    path = folder / f"ca-{place:x}.pem"
    path.write_bytes(b"".join(yubikey.chains[place].pems[1:]))
    return {"ca_certs": str(path)}


def _given(module: str, yubikey: YubiKey, **more: str) -> dict[str, str]:
    return {"PKCS11_MODULE_PATH": module, "PKCS11_PIN": yubikey.pin, **more}


# PINs


def test_a_wrong_pin_is_tried_once(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """A wrong PIN costs one try, and the error says that it was wrong; the key is described without one."""
    config = _config(tmp_path, yubikey, Place.SIGNATURE)
    given = _given(module, yubikey) | {"PKCS11_PIN": "999999"}
    assert describe(given, _SLOT_9C, **config).refusal == ""
    refused = sign(given, _SLOT_9C, "EC-256", config).refusal
    assert "ACCESS_DENIED" in refused
    assert "the PIN is wrong" in refused
    assert yubikey.token.counters().tries == yubikey.token.settings.tries - 1


def test_the_last_try(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """The error tells that one try is left, as far as the module does; then that the PIN is locked."""
    config = _config(tmp_path, yubikey, Place.AUTHENTICATION)
    given = _given(module, yubikey) | {"PKCS11_PIN": "999999"}
    yubikey.token.set_tries(2)
    refused = sign(given, _SLOT_9A, "RSA-2048", config).refusal
    assert "one try is left" in refused or "only few tries are left" in refused
    assert "locked" in sign(given, _SLOT_9A, "RSA-2048", config).refusal
    assert yubikey.token.counters().tries == 0
    refused = sign(_given(module, yubikey), _SLOT_9A, "RSA-2048", config).refusal
    assert "ACCESS_DENIED" in refused
    assert "locked" in refused
    assert "PUK" in refused


def test_a_key_without_a_pin(yubikey: YubiKey, tmp_path: Path) -> None:
    """Slot 9e signs without a PIN where the module lets it: none is asked for."""
    config = _config(tmp_path, yubikey, Place.CARD_AUTHENTICATION)
    without = {"PKCS11_MODULE_PATH": path_of("opensc")}
    assert sign(without, _SLOT_9E, "RSA-2048", config).refusal == ""
    assert yubikey.token.counters().verifications == 0


def test_the_pin_before_each_signature(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """Slot 9c asks the card each time, and the person once."""
    config, counter = _config(tmp_path, yubikey, Place.SIGNATURE), tmp_path / "asked"
    source = f"|/bin/sh -c 'echo x >> {counter}; echo {yubikey.pin}'"
    script = f"""
for _ in range(3):
    sign({_SLOT_9C!r}, "EC-256", pin_source={source!r}, **{config!r})
print(json.dumps("done"))
"""
    assert run(_given(module, yubikey), script) == "done"
    assert counter.read_text() == "x\n"
    assert yubikey.token.counters().signatures == 3


def test_another_policy(module: str, make_yubikey: MakeYubiKey, tmp_path: Path) -> None:
    """A key that asks for the PIN each time without saying so signs more than once all the same."""
    yubikey = make_yubikey(slots={Place.AUTHENTICATION: {"pin_policy": PinPolicy.ALWAYS}})
    yubikey.token.insert()
    config = _config(tmp_path, yubikey, Place.AUTHENTICATION)
    script = f"for _ in range(3): sign({_SLOT_9A!r}, 'RSA-2048', **{config!r})\nprint(json.dumps('done'))"
    assert run(_given(module, yubikey), script) == "done"


# Touches


@pytest.fixture
def touchy(make_yubikey: MakeYubiKey) -> YubiKey:
    """A YubiKey whose slots 9a and 9c wait for a touch."""
    slots = {place: {"touch_policy": TouchPolicy.ALWAYS} for place in (Place.AUTHENTICATION, Place.SIGNATURE)}
    yubikey = make_yubikey(slots=slots, touch=Touch(1.6, touched=True))
    yubikey.token.insert()
    return yubikey


def test_a_touch_is_asked_for_at_the_terminal(module: str, touchy: YubiKey, tmp_path: Path) -> None:
    """While the key waits, the terminal says what to do, though the host shows none of the plugin's output."""
    config = _config(tmp_path, touchy, Place.SIGNATURE)
    script = f"sign({_SLOT_9C!r}, 'EC-256', **{config!r})"
    shown = _at_terminal(_given(module, touchy), script)
    assert b"Touch your key if it blinks" in shown
    assert touchy.token.counters().touches == 1


def test_nobody_touches(module: str, touchy: YubiKey, tmp_path: Path) -> None:
    """A touch that does not come is an error that says so, and the key is not asked a second time."""
    touchy.token.set_touch(Touch(4.0, touched=False))
    config = _config(tmp_path, touchy, Place.SIGNATURE)
    refused = sign(_given(module, touchy), _SLOT_9C, "EC-256", config).refusal
    assert "ACCESS_DENIED" in refused
    assert "touch" in refused
    assert touchy.token.counters().touches == 1


def _at_terminal(given: dict[str, str], script: str) -> bytes:
    """What a terminal shows while a script runs whose output goes nowhere."""
    from tests.servers.pkcs11.asking import PRELUDE

    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - another program in a moment
        os.dup2(0, 9)  # as a shell would, it keeps the terminal open
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(nowhere, stream)
        os.execve(sys.executable, [sys.executable, "-c", PRELUDE + script], environment(given))
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


def test_pulled_out_and_put_back(module: str, yubikey: YubiKey, reader: Reader, tmp_path: Path) -> None:
    """A process that signs says that the token is gone, and signs again once it is back."""
    import subprocess

    from tests.servers.pkcs11.asking import PRELUDE

    config = _config(tmp_path, yubikey, Place.AUTHENTICATION)
    script = PRELUDE + _PULLED.format(uri=_SLOT_9A, spec=SPECS[Place.AUTHENTICATION], config=config)
    with subprocess.Popen(
        [sys.executable, "-c", script], env=environment(_given(module, yubikey)), text=True,
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


def test_no_card(module: str, yubikey: YubiKey, reader: Reader) -> None:
    """Without a card in the reader, that is said."""
    reader.pull()
    refused = describe(_given(module, yubikey), _SLOT_9A).refusal
    assert "no token matches" in refused
    assert "plug it in" in refused


def test_two_keys(module: str, make_yubikey: MakeYubiKey, tmp_path: Path) -> None:
    """Two YubiKeys are told apart by their serial numbers."""
    first, second = make_yubikey(), make_yubikey(slots={Place.AUTHENTICATION: {"certificate": None}})
    first.token.insert(0)
    second.token.insert(1)
    refused = describe(_given(module, first), _SLOT_9A).refusal
    assert "2 tokens match" in refused
    serial = refused.partition("serial=")[2].partition(";")[0]
    config = _config(tmp_path, first, Place.AUTHENTICATION)
    answers = [describe(_given(module, first), f"pkcs11:serial={serial};id=%01", **config)]
    other = refused.rpartition("serial=")[2].partition(";")[0]
    answers.append(describe(_given(module, first), f"pkcs11:serial={other};id=%01", **config))
    assert sorted(answer.refusal == "" for answer in answers) == [False, True]


@pytest.mark.parametrize("ending", ["os._exit(0)", "sys.exit(0)"])
def test_a_child_leaves_the_parents_card_alone(module: str, yubikey: YubiKey, ending: str, tmp_path: Path) -> None:
    """A child that was forked after a signature and ends does not take the parent's connection with it."""
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
    assert run(_given(module, yubikey), script) == [0, None]
