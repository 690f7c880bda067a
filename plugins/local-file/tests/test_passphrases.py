"""Passphrases: where they come from, in which order, and that none is shown."""

import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_pem_x509_certificates

from notarykit.errors import (
    PassphraseError,
    SigningKeyError,
)
from notarykit.plugin import DescribeKeyRequest
from notarykit_local_file.plugin import LocalFilePlugin
from tests.support.ca import TestChain, make_chain, pem_of

_CHAIN = make_chain()
_SECRET = b"sw\xc3\xb6rdfish"
_VARIABLE = "NOTARYKIT_KEY_PASSPHRASE"


@pytest.fixture(autouse=True)
def no_passphrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor a terminal has a passphrase."""
    monkeypatch.delenv(_VARIABLE, raising=False)
    monkeypatch.setattr("notarykit.plugin.service.terminal.TERMINAL", str(tmp_path / "no terminal"))


def _key(folder: Path, chain: TestChain = _CHAIN, passphrase: bytes | None = None, name: str = "my.pem") -> str:
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(pem_of(chain.leaf_key, passphrase) + chain.chain_pem)
    return str(path)


def _encrypted(folder: Path, form: str, passphrase: bytes) -> str:
    if form == "PEM":
        return _key(folder, passphrase=passphrase)
    certificates = load_pem_x509_certificates(_CHAIN.chain_pem)
    (folder / "my.p12").touch(mode=0o600)
    (folder / "my.p12").write_bytes(
        serialize_key_and_certificates(
            None, _CHAIN.leaf_key, certificates[0], certificates[1:], BestAvailableEncryption(passphrase)
        )
    )
    return str(folder / "my.p12")


def _spec(key: str, plugin: LocalFilePlugin | None = None, **config: str) -> str:
    return (plugin or LocalFilePlugin()).describe_key(DescribeKeyRequest(key, config)).key_spec


# Passphrases


def test_passphrase_of_the_program_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program's own source comes before all others."""
    key = _key(tmp_path, passphrase=_SECRET)
    monkeypatch.setenv(_VARIABLE, "wrong")
    assert _spec(key, LocalFilePlugin(lambda: _SECRET)) == "EC-256"


def test_unencrypted_key_needs_no_passphrase(tmp_path: Path) -> None:
    """The source is called for an encrypted key alone."""
    assert _spec(_key(tmp_path), LocalFilePlugin(lambda: pytest.fail("asked"))) == "EC-256"


def test_passphrase_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default variable, or the configured one, has the passphrase."""
    key = _key(tmp_path, passphrase=_SECRET)
    monkeypatch.setenv(_VARIABLE, _SECRET.decode())
    assert _spec(key) == "EC-256"
    monkeypatch.setenv(_VARIABLE, "wrong")
    monkeypatch.setenv("MY_PASSPHRASE", _SECRET.decode())
    assert _spec(key, passphrase_env="MY_PASSPHRASE") == "EC-256"


def test_passphrase_of_any_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable may hold any bytes."""
    secret = b"sw\xf6rdfish"
    monkeypatch.setitem(os.environb, _VARIABLE.encode(), secret)
    assert _spec(_key(tmp_path, passphrase=secret)) == "EC-256"


def test_unset_configured_variable_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a configured variable, no other source is used."""
    key = _key(tmp_path, passphrase=_SECRET)
    monkeypatch.setenv(_VARIABLE, _SECRET.decode())
    with pytest.raises(PassphraseError) as caught:
        _spec(key, passphrase_env="MY_PASSPHRASE")
    assert caught.value.message == f"$MY_PASSPHRASE is not set, and the private key {key} is encrypted"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_passphrase_of_a_file(mark: bytes, ending: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A configured file comes before the environment; a byte order mark and one line end are removed."""
    key = _key(tmp_path, passphrase=_SECRET)
    (tmp_path / "secret").write_bytes(mark + _SECRET + ending)
    monkeypatch.setenv(_VARIABLE, "wrong")
    assert _spec(key, passphrase_file=str(tmp_path / "secret")) == "EC-256"


@pytest.mark.parametrize("form", ["PEM", "PKCS#12"])
def test_mark_in_a_wrong_passphrase_is_named(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong passphrase with a mark at an end brings advice; a correct one is used as it is."""
    monkeypatch.setenv(_VARIABLE, "swordfish\r")
    with pytest.raises(PassphraseError) as caught:
        _spec(_encrypted(tmp_path, form, b"swordfish"))
    assert "the passphrase is wrong" in caught.value.message
    assert caught.value.advice == "it ends with a carriage return: leave that out"
    assert _spec(_encrypted(tmp_path, form, b"swordfish\r")) == "EC-256"


@pytest.mark.parametrize("secret", [b" swordfish ", b"swordfish\n", b"\nswordfish", b"sword\nfish"])
def test_blanks_belong_to_the_passphrase(secret: bytes, tmp_path: Path) -> None:
    """Everything in the file but one line end is the passphrase."""
    key = _key(tmp_path, passphrase=secret)
    (tmp_path / "secret").write_bytes(secret + b"\n")
    assert _spec(key, passphrase_file=str(tmp_path / "secret")) == "EC-256"


def test_missing_passphrase_file_is_named(tmp_path: Path) -> None:
    """A configured file that does not exist is named."""
    key = _key(tmp_path, passphrase=_SECRET)
    with pytest.raises(SigningKeyError, match=f"^passphrase file {tmp_path / 'none'} does not exist$"):
        _spec(key, passphrase_file=str(tmp_path / "none"))


def test_missing_passphrase_advises_the_variable(tmp_path: Path) -> None:
    """An encrypted key without a passphrase and a terminal is refused with advice."""
    key = _key(tmp_path, passphrase=_SECRET)
    with pytest.raises(PassphraseError) as caught:
        _spec(key)
    assert caught.value.message == f"private key {key} is encrypted and there is no terminal to ask for its passphrase"
    assert caught.value.advice == f"set ${_VARIABLE}"


@pytest.mark.parametrize(("typed", "fits"), [(_SECRET, True), (b"wrong", False), (b"", False)])
def test_terminal_is_prompted(typed: bytes, fits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prompt has the key's path."""
    key = _key(tmp_path, passphrase=_SECRET)
    asked = []

    def ask_secret(prompt: str) -> bytes:
        asked.append(prompt)
        return typed

    monkeypatch.setattr("notarykit_local_file.settings.prompt_secret", ask_secret)
    if fits:
        assert _spec(key) == "EC-256"
    else:
        with pytest.raises(PassphraseError):
            _spec(key)
    assert asked == [f"Passphrase of {key}: "]


@pytest.mark.parametrize("source", ["callback", "environment", "file"])
def test_wrong_passphrase_is_in_no_error(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong passphrase is in no part of the error, nor of its causes."""
    key = _key(tmp_path, passphrase=_SECRET)
    config: dict[str, Any] = {}
    plugin = LocalFilePlugin((lambda: b"hunter2") if source == "callback" else None)
    if source == "environment":
        monkeypatch.setenv(_VARIABLE, "hunter2")
    if source == "file":
        (tmp_path / "secret").write_text("hunter2")
        config["passphrase_file"] = str(tmp_path / "secret")
    with pytest.raises(PassphraseError) as caught:
        _spec(key, plugin, **config)
    error: BaseException | None = caught.value
    while error is not None:
        assert "hunter2" not in repr(error) + str(error) + str(getattr(error, "advice", ""))
        error = error.__cause__


def test_representations_have_no_secret(tmp_path: Path) -> None:
    """The representations of the plugin's objects have neither key nor passphrase."""
    plugin = LocalFilePlugin(lambda: _SECRET)
    key = _key(tmp_path, passphrase=_SECRET)
    assert _spec(key, plugin) == "EC-256"
    numbers = _CHAIN.leaf_key.private_numbers().private_value
    for text in (repr(plugin), str(plugin), repr(vars(plugin))):
        assert str(numbers) not in text
        assert "fish" not in text
