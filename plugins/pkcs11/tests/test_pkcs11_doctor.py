"""Findings of the doctor on PINs, mechanisms and modules, for tokens that no software has."""

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
def test_login_finding_shows_the_pin_state(flags: TokenFlag, result: str, detail: str, logins: int) -> None:
    """The finding shows the PIN's state; no PIN is sent where it is locked, not set, or at its last try."""
    session = _Session()
    finding = _login(flags, session)
    assert (finding.step, finding.result, finding.detail) == ("login", result, detail)
    assert bool(finding.advice) is (result != OK)
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
def test_trial_signature_needs_a_configured_pin(
    config: dict[str, str], refusal: PluginError | None, result: str, detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial signature is made where the PIN is configured, and never prompts."""
    monkeypatch.delenv("PKCS11_PIN", raising=False)
    monkeypatch.setenv("MINE", "1234")

    def sign(message: bytes, spec: object) -> bytes:
        if refusal:
            raise refusal
        return message

    version: Any = SimpleNamespace(sign=sign)
    finding = try_signature(version, KEY_SPECS["EC-256"], PinSource(None, config))
    assert finding == ("signature", result, detail, "so" if refusal else "")


@pytest.mark.parametrize(
    ("limits", "fits"),
    [((1024, 3072), False), ((1024, 4096), True), ((4097, 8192), False), ((0, 0), True), ((1, 0xFFFFFFFF), True)],
)
def test_mechanism_size_limits_are_respected(limits: tuple[int, int], fits: bool) -> None:
    """A mechanism's size limits count where the token reports any."""
    info = SimpleNamespace(min_key_length=limits[0], max_key_length=limits[1])
    token: Any = SimpleNamespace(label="a", serial=b"1", slot=SimpleNamespace(get_mechanism_info=lambda _: info))
    module: Any = None
    assert TokenSession(module, token).supports_size(Mechanism.RSA_X_509, 4096) is fits


def test_visible_keys_need_no_login() -> None:
    """No login is made where the keys are visible without."""
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
def test_mechanisms_finding_lists_key_specs(offered: set[Mechanism], result: str, detail: str) -> None:
    """The finding lists the key specs that the token can sign with, each with its mechanism, and those it cannot."""
    session: Any = SimpleNamespace(mechanisms=lambda: offered, supports_size=lambda *_: True)
    (finding,) = check_mechanisms(session)
    assert (finding.step, finding.result) == ("mechanisms", result)
    assert detail in finding.detail


def test_mechanism_for_smaller_keys_does_not_count() -> None:
    """A mechanism for smaller keys alone does not count for a larger key spec."""
    session: Any = SimpleNamespace(mechanisms=lambda: set(Mechanism), supports_size=lambda _, bits: bits <= 3072)
    (finding,) = check_mechanisms(session)
    assert finding.result == WARNING
    assert finding.detail.endswith("; not RSA-4096")


def _hang(*_: object, **__: object) -> NoReturn:
    raise subprocess.TimeoutExpired(["python"], 60)


def test_hanging_module_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that hangs while it is loaded is a finding."""
    monkeypatch.setattr("notarykit_pkcs11.doctor.walk.subprocess.run", _hang)
    (finding,) = diagnose(None, {"module_path": "libc.so.6"})
    assert (finding.step, finding.result) == ("module", FAILED)
