"""Sources of a PIN: their order, and the form of a PIN."""

import os
from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError, PluginValidationError, SigningKeyError
from notarykit_pkcs11.key_id import parse_uri
from notarykit_pkcs11.pin import pinentry
from notarykit_pkcs11.pin import source as pin_source
from notarykit_pkcs11.pin.source import PinSource
from plugins.pkcs11.tests.pin_requests import SECRET, get_pin, shown_error


@pytest.fixture(autouse=True)
def prompts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Prompts at a terminal without an answer; there is no display either."""
    prompts: list[str] = []
    monkeypatch.setattr(pin_source, "prompt_secret", prompts.append)
    for name in ("PKCS11_PIN", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    return prompts


def _file(folder: Path, content: bytes, name: str = "pin") -> str:
    path = folder / name
    path.touch(mode=0o600)
    path.write_bytes(content)
    return str(path)


# Order


def test_sources_have_an_order(tmp_path: Path, prompts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The file or program comes first, then the variables, pinentry, and the terminal."""
    source = _file(tmp_path, b"of the source")
    monkeypatch.setattr(pinentry, "request_pin", lambda program, _: f"of {program}".encode())
    monkeypatch.setattr(pin_source, "prompt_secret", lambda _: b"of the terminal")
    monkeypatch.setenv("MINE", "of mine")
    monkeypatch.setenv("PKCS11_PIN", "of the variable")
    everything = {"pin_source": source, "pin_env": "MINE", "pinentry": "/bin/ask"}
    assert get_pin(**everything) == "of the source"
    assert get_pin(f"pin-source={source}", pin_env="MINE") == "of the source"
    assert get_pin(pin_env="MINE", pinentry="/bin/ask") == "of mine"
    assert get_pin(pinentry="/bin/ask") == "of the variable"
    monkeypatch.delenv("PKCS11_PIN")
    assert get_pin(pinentry="/bin/ask") == "of /bin/ask"
    monkeypatch.setattr(pinentry, "find_pinentry", lambda: "/usr/bin/pinentry")
    assert get_pin() == "of the terminal"
    monkeypatch.setattr(pin_source, "prompt_secret", lambda _: None)
    assert get_pin() == "of /usr/bin/pinentry"


def test_uri_is_optional(monkeypatch: pytest.MonkeyPatch) -> None:
    """A PIN is read without a URI."""
    monkeypatch.setenv("PKCS11_PIN", "1234")
    assert PinSource(None, {}).get("a") == "1234"


def test_origin_hides_program_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """The origin names a file or variable, but no arguments of a program, which may be secret."""
    assert PinSource(None, {"pin_source": "file:///run/pin"}).origin == "/run/pin"
    assert PinSource(None, {"pin_source": "|/bin/vault read secret"}).origin == "the program of pin_source"
    monkeypatch.delenv("PKCS11_PIN", raising=False)
    assert PinSource(None, {}).origin == ""
    monkeypatch.setenv("PKCS11_PIN", "1234")
    assert PinSource(None, {}).origin == "$PKCS11_PIN"
    monkeypatch.setenv("OTHER", "1234")
    assert PinSource(None, {"pin_env": "OTHER"}).origin == "$OTHER"


def test_contradicting_sources_are_refused(tmp_path: Path) -> None:
    """Different sources in URI and configuration are refused at once; the same one twice is accepted."""
    source = _file(tmp_path, b"1234")
    with pytest.raises(PluginValidationError, match="pin-source in the URI differs from pin_source"):
        PinSource(parse_uri(f"pkcs11:?pin-source={source}"), {"pin_source": "/other"})
    assert get_pin(f"pin-source={source}", pin_source=source) == "1234"


def test_prompt_names_token_and_last_try(prompts: list[str]) -> None:
    """The prompt names the token, and the last try before it locks."""
    for is_last_try in (False, True):
        with pytest.raises(PluginAccessDeniedError, match="there is no terminal to ask for it") as caught:
            PinSource(None, {}).get("token 'a'", is_last_try=is_last_try)
        assert "pin_source=FILE, $PKCS11_PIN, or pinentry=PROGRAM" in caught.value.advice
    assert prompts == ["PIN of token 'a': ", "PIN of token 'a' (the last try): "]


def test_unset_variable_has_no_fallback(prompts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A named variable that is not set is an error, without the default variable or a prompt in its place."""
    monkeypatch.setenv("PKCS11_PIN", SECRET)
    with pytest.raises(PluginAccessDeniedError) as caught:
        get_pin(pin_env="MINE")
    assert "token 'a' needs a PIN, and $MINE is not set" in shown_error(caught.value)
    assert prompts == []


# Form


@pytest.mark.parametrize(
    ("content", "pin"),
    [
        (b"1234", "1234"),
        (b"1234\n", "1234"),
        (b"1234\r\n", "1234"),
        (b"1234\nsecond\n", "1234"),
        (b" 12 34 \n", " 12 34 "),
        (b"1234\r", "1234"),
        (b"\xef\xbb\xbf1234\r\n", "1234"),
        (b"\xef\xbb\xbf1234", "1234"),
        (b"\tp\xc3\xa4ss\n", "\tpäss"),
        (b"x" * 1024, "x" * 1024),
    ],
)
def test_first_line_is_the_pin(content: bytes, pin: str, tmp_path: Path) -> None:
    """The first line of a file or output is the PIN, without its line end and with its blanks."""
    path = _file(tmp_path, content)
    assert get_pin(pin_source=path) == pin
    assert get_pin(pin_source=f"|/bin/cat {path}") == pin


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty or too long"),
        (b"\nswordfish\n", "is empty"),
        (b"\r\nswordfish", "is empty"),
        (b"\xef\xbb\xbf\n", "is empty"),
        (b"sword\0fish", "contains a null character or a line end"),
        (b"sword\rfish\n", "contains a null character or a line end"),
        (b"swordfish\r\r\n", "ends with a carriage return"),
        (b"\xef\xbb\xbf\xef\xbb\xbfswordfish\r\n", "begins with a byte order mark"),
        ("\ufeffswordfish\r\n".encode("utf-16-le"), "is in UTF-16, and UTF-8 is read"),
        (b"swordfish" * 114, "too long"),
        (b"swordfish\xff\n", "is not UTF-8"),
    ],
)
def test_malformed_pin_is_refused_unseen(
    content: bytes, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A malformed PIN is refused before a token counts it as a try, and is not shown."""
    path = _file(tmp_path, content)
    for source in (path, f"|/bin/cat {path}"):
        with pytest.raises(PluginAccessDeniedError) as caught:
            get_pin(pin_source=source)
        shown = shown_error(caught.value)
        assert shown.startswith("the PIN for token 'a' ")
        assert why in shown
    if b"\0" not in content and b"\n" not in content:
        monkeypatch.setenv("PKCS11_PIN", os.fsdecode(content))
        with pytest.raises(PluginAccessDeniedError) as caught:
            get_pin()
        assert why in shown_error(caught.value)


@pytest.mark.parametrize(
    ("pin", "why"),
    [
        (b"swordfish\r", "ends with a carriage return"),
        (b"swordfish\n", "ends with a line end"),
        (b"\xef\xbb\xbfswordfish", "begins with a byte order mark"),
        (b"sword\r\nfish", "contains a null character or a line end"),
    ],
)
@pytest.mark.parametrize("place", ["variable", "own variable", "terminal", "pinentry"])
def test_stray_marks_are_refused_outside_files(
    place: str, pin: bytes, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stray marks in a PIN that is not from a file are refused, and never removed silently."""
    config = {"own variable": {"pin_env": "MINE"}, "pinentry": {"pinentry": "/bin/ask"}}.get(place, {})
    if place.endswith("variable"):
        monkeypatch.setenv(config.get("pin_env", "PKCS11_PIN"), os.fsdecode(pin))
    monkeypatch.setattr(pin_source, "prompt_secret", lambda _: pin)
    monkeypatch.setattr(pinentry, "request_pin", lambda *_: pin)
    with pytest.raises(PluginAccessDeniedError) as caught:
        get_pin(**config)
    assert shown_error(caught.value).startswith(f"the PIN for token 'a' {why}")


# Files


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}"])
def test_file_is_named_by_path_or_uri(form: str, tmp_path: Path) -> None:
    """A file is named by its path or as a URI."""
    source = form.format(_file(tmp_path, SECRET.encode()))
    assert get_pin(pin_source=source) == get_pin(f"pin-source={source}") == SECRET


@pytest.mark.parametrize("form", ["pin", "./pin", "file:pin", "../pin"])
def test_relative_file_is_refused(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the current folder is not read."""
    _file(tmp_path, SECRET.encode())
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below" if form.startswith("..") else tmp_path)
    with pytest.raises(PluginValidationError) as caught:
        get_pin(pin_source=form)
    assert "neither an absolute path nor a program after '|'" in shown_error(caught.value)


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    """A file that cannot be read is named in the error."""
    with pytest.raises(SigningKeyError) as caught:
        get_pin(pin_source=f"{tmp_path}/none")
    assert f"PIN file {tmp_path}/none does not exist" in shown_error(caught.value)
    with pytest.raises(SigningKeyError) as caught:
        get_pin(pin_source=str(tmp_path))
    assert f"PIN file {tmp_path}" in shown_error(caught.value)
