"""Diagnosis of unusable modules, settings, tokens and PINs."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from notarykit.plugin import FAILED, OK, WARNING
from tests.servers.pkcs11.doctor import diagnose, key_uri, run_doctor
from tests.servers.pkcs11.token import Token

_WRONG = "swordfish"


# The module


def test_missing_module_is_the_only_finding(softhsm: Token) -> None:
    """A missing module is the only finding, wherever it is named."""
    for variables, arguments in (
        ({"PKCS11_MODULE_PATH": "/no/such.so"}, ()),
        ({}, ("--plugin-config", "module_path=/no/such.so")),
        ({}, ("--key-id", "pkcs11:?module-path=/no/such.so")),
    ):
        diagnosis = diagnose(variables, "", *arguments)
        ((result, detail),) = [(finding["result"], finding["detail"]) for finding in diagnosis.findings]
        assert (result, detail) == (FAILED, "the module /no/such.so does not exist")
        assert "module_path=FILE" in diagnosis.findings[0]["advice"]


def test_file_that_is_no_module_is_a_failure(tmp_path: Path) -> None:
    """A file that is not a module is a failure."""
    text = tmp_path / "text.so"
    text.write_text("no library")
    for path in (str(text), "libc.so.6", "no-such-library.so"):
        diagnosis = diagnose({"PKCS11_MODULE_PATH": path})
        assert diagnosis.steps == [("module", FAILED)]
        assert f"the module {path} cannot be loaded" in diagnosis.the("module")


def test_crashing_module_is_a_failure(crashing_module: Path) -> None:
    """A module that ends its process does not end the doctor."""
    diagnosis = diagnose({"PKCS11_MODULE_PATH": str(crashing_module)})
    assert diagnosis.steps == [("module", FAILED)]
    assert f"the module {crashing_module} crashes when it is loaded (signal 6)" in diagnosis.the("module")


def test_contradicting_modules_are_a_failure(softhsm: Token) -> None:
    """Contradicting module paths are a failure."""
    diagnosis = diagnose(
        softhsm.plugin_environment(), "pkcs11:?module-path=/a.so", "--plugin-config", "module_path=/b.so"
    )
    assert diagnosis.code == 4
    assert "the URI names the module /a.so, but module_path names /b.so" in diagnosis.text


# What it is told


def test_invalid_uri_is_a_failure(softhsm: Token) -> None:
    """An invalid URI is a failure before anything is loaded; a PIN in it is not shown."""
    diagnosis = diagnose(softhsm.plugin_environment(), "build")
    assert (len(diagnosis.findings), diagnosis.code) == (1, 4)
    assert "is not a PKCS#11 URI" in diagnosis.text
    diagnosis = diagnose(softhsm.plugin_environment(), f"pkcs11:object=EC-256?pin-value={_WRONG}")
    assert "it must not contain a PIN" in diagnosis.text
    assert _WRONG not in diagnosis.text


def test_unknown_setting_ends_the_command(softhsm: Token) -> None:
    """An unknown setting ends the command."""
    done = run_doctor(softhsm.plugin_environment(), "--plugin-config", "pin=1234")
    assert (done.returncode, done.stdout) == (4, "")
    assert "unknown plugin configuration 'pin'" in done.stderr


# The token


def test_missing_token_is_a_failure(no_softhsm: dict[str, str], softhsm: Token) -> None:
    """A module without an initialised token is a failure with advice."""
    variables = {**no_softhsm, "PKCS11_MODULE_PATH": str(softhsm.module)}
    diagnosis = diagnose(variables)
    assert diagnosis.steps == [("module", OK), ("slots", OK), ("token", FAILED)]
    assert "with 0 initialised tokens" in diagnosis.the("slots")
    assert diagnosis.the("token") == "FAILED none present | plug it in, or initialise it with its own tool"
    assert diagnose(variables, "pkcs11:token=x").steps == diagnosis.steps


def test_failure_lists_tokens_present(softhsm: Token) -> None:
    """A URI that matches no token is a failure with the tokens present."""
    diagnosis = diagnose(softhsm.plugin_environment(), "pkcs11:token=other;object=EC-256")
    assert diagnosis.steps == [("module", OK), ("slots", OK), ("token", FAILED)]
    assert "none matches pkcs11:token=other;object=EC-256; present: pkcs11:token=" in diagnosis.the("token")
    assert f"serial={softhsm.serial}" in diagnosis.the("token")
    assert diagnosis.the("token").endswith("| correct the URI")


def test_ambiguous_token_is_a_failure(empty_softhsm: Token, another_softhsm: Callable[[], Token]) -> None:
    """A URI that matches two tokens is a failure; without a URI both are checked."""
    other = another_softhsm()
    for token in (empty_softhsm, other):
        token.make_key("EC-256", "build", b"\x01")
    variables, uri = empty_softhsm.plugin_environment(), f"pkcs11:token={quote(empty_softhsm.label)}"
    diagnosis = diagnose(variables, uri)
    assert diagnosis.steps == [("module", OK), ("slots", OK), ("token", FAILED)]
    assert f"2 match {uri}" in diagnosis.the("token")
    assert diagnosis.the("token").endswith("add serial= or slot-id= to the URI")
    for token in (empty_softhsm, other):
        assert f"serial={token.serial};slot-id={token.slot}" in diagnosis.the("token")
        alone = diagnose(variables, f"{uri};serial={token.serial}")
        assert (alone.code, len(alone.of("key")), alone.steps[-1]) == (4, 1, ("certificate", FAILED))
    both = diagnose(variables)
    assert (both.code, len(both.of("token")), len(both.of("key"))) == (0, 2, 0)
    for result, detail in both.of("login"):  # the PIN is one of them, who knows whose
        assert (result, detail.startswith("needed, but skipped: there are several tokens")) == (WARNING, True)


# The PIN


def test_wrong_pin_is_a_failure(empty_softhsm: Token) -> None:
    """A wrong PIN is a failure that shows the tries left; the right one after it is a warning."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    diagnosis = diagnose(empty_softhsm.plugin_environment(PKCS11_PIN=_WRONG))
    assert diagnosis.steps[2:] == [("token", OK), ("mechanisms", OK), ("login", FAILED)]
    assert "the PIN is wrong" in diagnosis.the("login")
    assert diagnosis.code == 4
    diagnosis = diagnose(empty_softhsm.plugin_environment())
    assert diagnosis.code == 0
    assert diagnosis.the("login").startswith("warning needed, and the PIN is right; a wrong PIN was tried")
    assert diagnose(empty_softhsm.plugin_environment()).the("login").startswith("ok needed, and the PIN is right")


def test_pin_comes_from_the_configured_source(softhsm: Token, tmp_path: Path) -> None:
    """The PIN comes from the source that a signature would use."""
    variables = {**softhsm.environment, "PKCS11_MODULE_PATH": str(softhsm.module)}
    (tmp_path / "pin").touch(mode=0o600)
    for pin, code in ((softhsm.pin, 0), (_WRONG, 4), ("", 4)):
        (tmp_path / "pin").write_text(f"{pin}\n")
        diagnosis = diagnose(variables, key_uri(softhsm, "EC-256"), "--plugin-config", f"pin_source={tmp_path}/pin")
        assert diagnosis.code == code
        assert _WRONG not in diagnosis.text
        assert softhsm.pin not in diagnosis.text
    diagnosis = diagnose(variables, key_uri(softhsm, "EC-256"), "--plugin-config", "pin_env=NO_SUCH_PIN")
    assert "$NO_SUCH_PIN is not set" in diagnosis.the("login")
    diagnose(softhsm.plugin_environment(), key_uri(softhsm, "EC-256"))  # the next one finds no wrong PIN before it
