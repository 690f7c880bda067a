"""What the doctor says of a token's PIN and mechanisms, for tokens that no software has."""

import subprocess
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from pkcs11 import Mechanism, TokenFlag

from notarykit.errors import PluginError
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin.diagnosis import FAILED, OK, WARNING
from notarykit_pkcs11.doctor.key_checks import try_signature
from notarykit_pkcs11.doctor.token_checks import check_login, check_mechanisms
from notarykit_pkcs11.doctor.walk import diagnose
from notarykit_pkcs11.pin.source import PinSource
from notarykit_pkcs11.token.session import TokenSession

_LOGIN = TokenFlag.LOGIN_REQUIRED | TokenFlag.USER_PIN_INITIALIZED
_LOW, _FINAL = TokenFlag.USER_PIN_COUNT_LOW, TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY


class _Session:
    """A session with a token that has some keys, before a login or after it."""

    def __init__(self, *keys: object) -> None:
        self._keys = keys
        self.logins = 0

    def objects(self, template: object) -> list[object]:
        return list(self._keys)

    def log_in(self, pins: PinSource) -> None:
        self.logins += 1


def _login(flags: TokenFlag, session: Any) -> Any:
    token: Any = SimpleNamespace(flags=flags)
    return check_login(session, token, PinSource(None, {}))


@pytest.mark.parametrize(
    ("flags", "result", "detail", "logins"),
    [
        (TokenFlag(0), OK, "not needed", 0),
        (TokenFlag.LOGIN_REQUIRED, WARNING, "no PIN is set", 0),
        (_LOGIN, OK, "needed, and the PIN is right", 1),
        (_LOGIN | _LOW, WARNING, "needed, and the PIN is right; a wrong PIN was tried", 1),
        (_LOGIN | _FINAL, WARNING, "needed, but skipped: one more wrong PIN locks it", 0),
        (
            _LOGIN | TokenFlag.USER_PIN_TO_BE_CHANGED,
            WARNING,
            "needed, and the PIN is right; the PIN must be changed",
            1,
        ),
        (_LOGIN | TokenFlag.USER_PIN_LOCKED | _FINAL, FAILED, "the PIN is locked", 0),
    ],
)
def test_the_login(flags: TokenFlag, result: str, detail: str, logins: int) -> None:
    """What the token says of its PIN is told; a PIN that is locked or not there is not tried."""
    session = _Session()
    found = _login(flags, session)
    assert (found.step, found.result, found.detail) == ("login", result, detail)
    assert bool(found.advice) is (result != OK)
    assert session.logins == logins


@pytest.mark.parametrize(
    ("config", "refusal", "result", "detail"),
    [
        ({}, None, OK, "not tried: set the PIN in pin_source or $PKCS11_PIN for a trial"),
        ({"pin_source": "/pin"}, None, OK, "a trial signature is valid"),
        ({"pin_env": "MINE"}, None, OK, "a trial signature is valid"),
        ({"pin_source": "/pin"}, PluginError("no", advice="so"), FAILED, "no"),
    ],
)
def test_a_trial_signature(
    config: dict[str, str], refusal: PluginError | None, result: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signature is tried where the PIN is given, and nobody is asked for one."""
    monkeypatch.delenv("PKCS11_PIN", raising=False)
    monkeypatch.setenv("MINE", "1234")

    def sign(message: bytes, spec: object) -> bytes:
        if refusal:
            raise refusal
        return message

    version: Any = SimpleNamespace(sign=sign)
    found = try_signature(version, KEY_SPECS["EC-256"], PinSource(None, config))
    assert found == ("signature", result, detail, "so" if refusal else "")


@pytest.mark.parametrize(
    ("told", "fits"),
    [((1024, 3072), False), ((1024, 4096), True), ((4097, 8192), False), ((0, 0), True), ((1, 0xFFFFFFFF), True)],
)
def test_sizes(told: tuple[int, int], fits: bool) -> None:
    """What a token says of the sizes of keys counts where it says something."""
    info = SimpleNamespace(min_key_length=told[0], max_key_length=told[1])
    token: Any = SimpleNamespace(label="a", serial=b"1", slot=SimpleNamespace(get_mechanism_info=lambda _: info))
    module: Any = None
    assert TokenSession(module, token).supports_size(Mechanism.RSA_X_509, 4096) is fits


def test_keys_that_can_be_seen() -> None:
    """Where the keys are visible without a login, none is made."""
    session = _Session(object())
    assert _login(_LOGIN, session).detail == "needed to sign; the keys are visible without"
    assert session.logins == 0


@pytest.mark.parametrize(
    ("offered", "result", "detail"),
    [
        (set(Mechanism), OK, "EC-521 by ECDSA"),
        (
            {Mechanism.ECDSA},
            WARNING,
            "EC-256 by ECDSA, EC-384 by ECDSA, EC-521 by ECDSA; not RSA-2048, RSA-3072, RSA-4096",
        ),
        ({Mechanism.RSA_X_509}, WARNING, "RSA-4096 by RSA_X_509; not EC-256, EC-384, EC-521"),
        ({Mechanism.SHA1_RSA_PKCS}, FAILED, "none of the six key specs; not "),
    ],
)
def test_the_mechanisms(offered: set[Mechanism], result: str, detail: str) -> None:
    """Which of the six key specs a token can sign with is told, and by what."""
    session: Any = SimpleNamespace(mechanisms=lambda: offered, supports_size=lambda *_: True)
    (found,) = check_mechanisms(session)
    assert (found.step, found.result) == ("mechanisms", result)
    assert detail in found.detail


def test_mechanisms_for_keys_of_some_sizes() -> None:
    """A mechanism that the token has for shorter keys alone is none for the longer ones."""
    session: Any = SimpleNamespace(mechanisms=lambda: set(Mechanism), supports_size=lambda _, bits: bits <= 3072)
    (found,) = check_mechanisms(session)
    assert found.result == WARNING
    assert found.detail.endswith("; not RSA-4096")


def _hang(*_: object, **__: object) -> NoReturn:
    raise subprocess.TimeoutExpired(["python"], 60)


def test_a_module_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that does not come to an end when it is loaded is a finding."""
    monkeypatch.setattr("notarykit_pkcs11.doctor.walk.subprocess.run", _hang)
    (found,) = diagnose(None, {"module_path": "libc.so.6"})
    assert (found.step, found.result) == ("module", FAILED)
