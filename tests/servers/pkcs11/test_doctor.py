"""The doctor on real tokens: what it finds, what it advises, and that it never shows the PIN."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin.diagnosis import FAILED, OK, WARNING
from tests.servers.pkcs11.asking import environment
from tests.servers.pkcs11.token import IDS, Token, chain_for
from tests.support.ca import make_chain

_SECONDS = 300.0
_WRONG = "swordfish"


class Found(NamedTuple):
    """What the doctor found.

    Attributes:
        code: The command's exit code.
        findings: Step, result, detail and advice of each finding.
        text: Everything that was written.
    """

    code: int
    findings: list[dict[str, str]]
    text: str

    @property
    def steps(self) -> list[tuple[str, str]]:
        """The findings' steps and results."""
        return [(each["step"], each["result"]) for each in self.findings]

    def of(self, step: str) -> list[tuple[str, str]]:
        """The results and details of a step."""
        return [(each["result"], each["detail"]) for each in self.findings if each["step"] == step]

    def the(self, step: str) -> str:
        """The detail and the advice of the one finding of a step, after its result."""
        (found,) = (each for each in self.findings if each["step"] == step)
        return f"{found['result']} {found['detail']} | {found['advice']}"


def _given(token: Token, **more: str) -> dict[str, str]:
    return {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin, **more}


def _run(given: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "notarykit.cli", "plugin", "doctor", "pkcs11", *arguments],
        env=environment(given), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_SECONDS,
    )  # fmt: skip


def _doctor(given: Mapping[str, str], key_id: str = "", *arguments: str) -> Found:
    """The doctor's findings; no output has the PIN, and the exit code is as the findings are."""
    ways = ("--key-id", key_id) if key_id else ()
    done = _run(given, "--output", "json", *ways, *arguments)
    text = done.stdout + done.stderr
    if pin := given.get("PKCS11_PIN"):
        assert pin not in text
        assert json.dumps(pin)[1:-1] not in text
    members: dict[str, Any] = json.loads(done.stdout)
    assert (set(members), members["plugin"], done.stderr) == ({"plugin", "findings"}, "pkcs11", "")
    findings = members["findings"]
    assert all(set(each) == {"step", "result", "detail", "advice"} for each in findings)
    assert all(each["advice"] for each in findings if each["result"] == WARNING)
    assert done.returncode == (4 if any(each["result"] == FAILED for each in findings) else 0)
    return Found(done.returncode, findings, text)


def _named(token: Token, spec: str) -> str:
    return f"pkcs11:token={quote(token.label)};object={spec}"


# Nothing wrong


def test_every_token(token: Token) -> None:
    """Each token is found with its mechanisms and its keys, each of which has its certificate."""
    found = _doctor(_given(token), f"pkcs11:token={quote(token.label)}")
    assert found.steps[:2] == [("module", OK), ("slots", OK)]
    assert str(token.module.resolve()) in found.the("module")
    label = f"token={quote(token.label)};"
    (own,) = [detail for result, detail in found.of("token") if result == OK and label in detail]
    assert f"slot-id={token.slot}" in own
    for spec in token.specs:
        assert [detail for _, detail in found.of("mechanisms") if f"{spec} by " in detail]
        name = f"object={spec};id=%{IDS[spec].hex()};type=private"
        assert [each for each in found.of("key") if each[0] == OK and name in each[1] and each[1].endswith(f": {spec}")]
        assert [each for each in found.of("certificate") if each[0] == OK and name in each[1]]


def test_every_key(token: Token) -> None:
    """The doctor finds nothing wrong with each key that is named, and looks at no other."""
    for spec in (token.specs[0], token.specs[-1]):
        found = _doctor(_given(token), _named(token, spec))
        assert found.code == 0, found.text
        steps = ["module", "slots", "token", "mechanisms", "login", "key", "signature", "certificate"]
        assert [step for step, _ in found.steps] == steps
        # Not every token has everything; and another test may have tried a wrong PIN.
        assert {result for step, result in found.steps if step not in ("mechanisms", "login")} == {OK}
        assert "the PIN is right" in found.the("login") or "the keys are visible without" in found.the("login")
        assert f"object={spec};" in found.the("key")
        assert found.the("signature").startswith("ok a trial signature is valid")


def test_a_trial_asks_nobody(softhsm: Token) -> None:
    """Without a PIN no signature is tried, and the doctor says how to have one."""
    given = {name: value for name, value in _given(softhsm).items() if name != "PKCS11_PIN"}
    found = _doctor(given, _named(softhsm, "EC-256"))
    assert ("signature", OK) not in found.steps
    assert found.steps[-1] == ("login", FAILED)


def test_all_six(softhsm: Token) -> None:
    """A token that can do everything is told so, with the mechanism for each of the six."""
    found = _doctor(_given(softhsm), _named(softhsm, "EC-256"))
    detail = found.the("mechanisms")
    assert detail.startswith("ok ")
    for spec, key_spec in KEY_SPECS.items():
        way = f"{key_spec.hash_name.replace('-', '')}_RSA_PKCS_PSS" if key_spec.is_rsa else "ECDSA"
        assert f"{spec} by {way}" in detail


def test_some_of_the_six(tpm: Token) -> None:
    """A token that lacks key specs' mechanisms gets a warning with their names, or none, and is usable either way."""
    found = _doctor(_given(tpm), _named(tpm, "RSA-2048"))
    assert found.code == 0
    (mechanisms,) = found.of("mechanisms")
    missing = [spec for spec in KEY_SPECS if f"{spec} by " not in mechanisms[1]]
    assert mechanisms[0] == (WARNING if missing else OK)
    assert mechanisms[1].endswith(f"; not {', '.join(missing)}") or not missing


def test_sizes(tpm: Token) -> None:
    """What the token says of the sizes of keys counts, beside the names of its mechanisms."""
    assert "RSA-4096" not in tpm.specs
    result = _doctor(_given(tpm), _named(tpm, "RSA-3072")).the("mechanisms")
    assert "RSA-3072 by SHA384_RSA_PKCS_PSS" in result
    assert result.startswith("warning")
    assert "not RSA-4096" in result


def test_a_key_that_cannot_sign(tpm: Token) -> None:
    """A key that the token makes, describes and cannot sign with is found out by a trial signature."""
    tpm.make_key("EC-521", "large", b"\x52")
    done = _run(_given(tpm), "--output", "json", "--key-id", f"pkcs11:token={quote(tpm.label)};object=large")
    assert done.returncode == 4
    found = {each["step"]: each for each in json.loads(done.stdout)["findings"]}  # the module talks on standard error
    assert (found["key"]["result"], found["signature"]["result"]) == (OK, FAILED)
    assert "cannot sign with" in found["signature"]["detail"]


def test_a_public_half_in_the_private_key(kryoptic: Token) -> None:
    """An EC key without a public key object or a certificate is described by its own CKA_PUBLIC_KEY_INFO."""
    kryoptic.make_key("EC-384", "alone", b"\x38", public_object=False)
    found = _doctor(_given(kryoptic), f"pkcs11:token={quote(kryoptic.label)};object=alone")
    assert found.the("key").startswith("ok ")
    assert "EC-384" in found.the("key")
    assert ("signature", OK) in found.steps


def test_padding_of_our_own(tpm_without_pss: Token) -> None:
    """A token without PSS can sign by raw RSA."""
    found = _doctor(_given(tpm_without_pss), _named(tpm_without_pss, "RSA-2048"))
    assert found.code == 0
    assert "RSA-2048 by RSA_X_509" in found.the("mechanisms")


def test_for_people(softhsm: Token) -> None:
    """A list has the same findings as the JSON, in lines that fit 100 columns."""
    given, key = _given(softhsm), _named(softhsm, "EC-256")
    _doctor(given, key)  # a wrong PIN of another test is forgotten with this
    done = _run(given, "--key-id", key)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("RESULT ")
    assert max(map(len, done.stdout.splitlines())) <= 100
    text = "".join(done.stdout.split())  # a long URI is broken
    for each in _doctor(given, key).findings:
        assert "".join(f"{each['result']}{each['step']}{each['detail']}".split()) in text
    assert softhsm.pin not in done.stdout


def test_a_key_that_asks_each_time(empty_softhsm: Token) -> None:
    """It is told where a key asks for the PIN before each signature."""
    empty_softhsm.make_key("EC-256", "build", b"\x01", always_authenticate=True)
    assert "needs the PIN for each signature" in _doctor(_given(empty_softhsm), "pkcs11:object=build").the("key")


# The module


def test_a_module_that_is_not_there(softhsm: Token) -> None:
    """Nothing else is looked at, wherever the module was named."""
    for given, arguments in (
        ({"PKCS11_MODULE_PATH": "/no/such.so"}, ()),
        ({}, ("--plugin-config", "module_path=/no/such.so")),
        ({}, ("--key-id", "pkcs11:?module-path=/no/such.so")),
    ):
        found = _doctor(given, "", *arguments)
        ((result, detail),) = [(each["result"], each["detail"]) for each in found.findings]
        assert (result, detail) == (FAILED, "the module /no/such.so does not exist")
        assert "module_path=FILE" in found.findings[0]["advice"]


def test_modules_that_are_none(tmp_path: Path) -> None:
    """A file that is no module is told so."""
    text = tmp_path / "text.so"
    text.write_text("no library")
    for path in (str(text), "libc.so.6", "no-such-library.so"):
        found = _doctor({"PKCS11_MODULE_PATH": path})
        assert found.steps == [("module", FAILED)]
        assert f"the module {path} cannot be loaded" in found.the("module")


def test_a_module_that_crashes(crashing_module: Path) -> None:
    """A module that ends its process does not end the doctor."""
    found = _doctor({"PKCS11_MODULE_PATH": str(crashing_module)})
    assert found.steps == [("module", FAILED)]
    assert f"the module {crashing_module} crashes when it is loaded (signal 6)" in found.the("module")


def test_two_modules(softhsm: Token) -> None:
    """A contradiction is found like anything else."""
    found = _doctor(_given(softhsm), "pkcs11:?module-path=/a.so", "--plugin-config", "module_path=/b.so")
    assert found.code == 4
    assert "the URI names the module /a.so, but module_path names /b.so" in found.text


# What it is told


def test_a_uri_that_is_none(softhsm: Token) -> None:
    """A URI that cannot be used is found before anything is loaded; a PIN in it is not repeated."""
    found = _doctor(_given(softhsm), "build")
    assert (len(found.findings), found.code) == (1, 4)
    assert "is not a PKCS#11 URI" in found.text
    found = _doctor(_given(softhsm), f"pkcs11:object=EC-256?pin-value={_WRONG}")
    assert "it must not contain a PIN" in found.text
    assert _WRONG not in found.text


def test_an_unknown_setting(softhsm: Token) -> None:
    """A setting that is not known ends the command."""
    done = _run(_given(softhsm), "--plugin-config", "pin=1234")
    assert (done.returncode, done.stdout) == (4, "")
    assert "unknown plugin configuration 'pin'" in done.stderr


# The token


def test_no_token(no_softhsm: dict[str, str], softhsm: Token) -> None:
    """Where no token is initialised, that is said with what to do."""
    given = {**no_softhsm, "PKCS11_MODULE_PATH": str(softhsm.module)}
    found = _doctor(given)
    assert found.steps == [("module", OK), ("slots", OK), ("token", FAILED)]
    assert "with 0 initialised tokens" in found.the("slots")
    assert found.the("token") == "FAILED none present | plug it in, or initialise it with its own tool"
    assert _doctor(given, "pkcs11:token=x").steps == found.steps


def test_another_token(softhsm: Token) -> None:
    """A URI that matches no token is shown beside the tokens that are there."""
    found = _doctor(_given(softhsm), "pkcs11:token=other;object=EC-256")
    assert found.steps == [("module", OK), ("slots", OK), ("token", FAILED)]
    assert "none matches pkcs11:token=other;object=EC-256; present: pkcs11:token=" in found.the("token")
    assert f"serial={softhsm.serial}" in found.the("token")
    assert found.the("token").endswith("| correct the URI")


def test_two_tokens(empty_softhsm: Token, another_softhsm: Callable[[], Token]) -> None:
    """Of two tokens that match, both are named; without a URI, and with one that says which, they are looked at."""
    other = another_softhsm()
    for token in (empty_softhsm, other):
        token.make_key("EC-256", "build", b"\x01")
    given, uri = _given(empty_softhsm), f"pkcs11:token={quote(empty_softhsm.label)}"
    found = _doctor(given, uri)
    assert found.steps == [("module", OK), ("slots", OK), ("token", FAILED)]
    assert f"2 match {uri}" in found.the("token")
    assert found.the("token").endswith("add serial= or slot-id= to the URI")
    for token in (empty_softhsm, other):
        assert f"serial={token.serial};slot-id={token.slot}" in found.the("token")
        alone = _doctor(given, f"{uri};serial={token.serial}")
        assert (alone.code, len(alone.of("key")), alone.steps[-1]) == (4, 1, ("certificate", FAILED))
    both = _doctor(given)
    assert (both.code, len(both.of("token")), len(both.of("key"))) == (0, 2, 0)
    for result, detail in both.of("login"):  # the PIN is one of them, who knows whose
        assert (result, detail.startswith("needed, but skipped: there are several tokens")) == (WARNING, True)


# The PIN


def test_a_wrong_pin(empty_softhsm: Token) -> None:
    """A wrong PIN is told with how many tries are left, and nothing is looked for with it; the right one is warned."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    found = _doctor(_given(empty_softhsm, PKCS11_PIN=_WRONG))
    assert found.steps[2:] == [("token", OK), ("mechanisms", OK), ("login", FAILED)]
    assert "the PIN is wrong" in found.the("login")
    assert found.code == 4
    found = _doctor(_given(empty_softhsm))
    assert found.code == 0
    assert found.the("login").startswith("warning needed, and the PIN is right; a wrong PIN was tried")
    assert _doctor(_given(empty_softhsm)).the("login").startswith("ok needed, and the PIN is right")


def test_a_pin_out_of_a_file(softhsm: Token, tmp_path: Path) -> None:
    """The PIN comes from where it would come from for a signature."""
    given = {**softhsm.environment, "PKCS11_MODULE_PATH": str(softhsm.module)}
    (tmp_path / "pin").touch(mode=0o600)
    for pin, code in ((softhsm.pin, 0), (_WRONG, 4), ("", 4)):
        (tmp_path / "pin").write_text(f"{pin}\n")
        found = _doctor(given, _named(softhsm, "EC-256"), "--plugin-config", f"pin_source={tmp_path}/pin")
        assert found.code == code
        assert _WRONG not in found.text
        assert softhsm.pin not in found.text
    found = _doctor(given, _named(softhsm, "EC-256"), "--plugin-config", "pin_env=NO_SUCH_PIN")
    assert "$NO_SUCH_PIN is not set" in found.the("login")
    _doctor(_given(softhsm), _named(softhsm, "EC-256"))  # the next one finds no wrong PIN before it


# Keys and certificates


def test_no_key(empty_softhsm: Token) -> None:
    """A token without keys is told so."""
    found = _doctor(_given(empty_softhsm))
    assert found.steps[-2:] == [("login", OK), ("keys", FAILED)]
    assert "no private key" in found.the("keys")


def test_another_key(softhsm: Token) -> None:
    """A URI that matches no key is shown beside the keys that are there."""
    found = _doctor(_given(softhsm), "pkcs11:object=other")
    assert found.steps[-1] == ("key", FAILED)
    for spec in softhsm.specs:
        assert f"object={spec};id=%{IDS[spec].hex()}" in found.the("key")


def test_two_keys(empty_softhsm: Token) -> None:
    """Of two keys that match, both are named."""
    for number in (1, 2):
        empty_softhsm.make_key("EC-256", "build", bytes([number]))
    found = _doctor(_given(empty_softhsm), "pkcs11:object=build")
    assert found.code == 4
    result, detail = found.of("key")[0]
    assert (result, detail.startswith("2 match the URI")) == (FAILED, True)
    assert "id=%01" in detail
    assert "id=%02" in detail


def test_a_key_without_a_certificate(empty_softhsm: Token) -> None:
    """A key that is named and has no certificate would not sign; where none is named, another may be meant."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    for arguments, code, result in (
        (("pkcs11:object=build",), 4, FAILED),
        (("pkcs11:token=" + quote(empty_softhsm.label),), 4, FAILED),
        ((), 0, WARNING),
    ):
        found = _doctor(_given(empty_softhsm), *arguments)
        assert (found.code, found.steps[-1]) == (code, ("certificate", result))
        assert ("key", OK) in found.steps
        assert (("signature", OK) in found.steps) is bool(arguments)
        assert f"{result} none for pkcs11:" in found.the("certificate")
        assert "certificate_chain=FILE" in found.the("certificate")


def test_a_certificate_in_a_file(empty_softhsm: Token, tmp_path: Path) -> None:
    """Where a file is named, it has to have the key's certificate, whatever the token has."""
    key = empty_softhsm.make_key("EC-256", "build", b"\x01")
    right, wrong = tmp_path / "right.pem", tmp_path / "wrong.pem"
    right.write_bytes(chain_for("EC-256", key).chain_pem)
    wrong.write_bytes(make_chain().chain_pem)
    for path, code, text in (
        (right, 0, f"in {right} is for pkcs11:"),
        (wrong, 4, f"{wrong} has none for pkcs11:"),
        (tmp_path / "none.pem", 4, f"certificate chain {tmp_path}/none.pem does not exist"),
    ):
        found = _doctor(_given(empty_softhsm), "pkcs11:object=build", "--plugin-config", f"certificate_chain={path}")
        assert (found.code, found.steps[-1]) == (code, ("certificate", OK if code == 0 else FAILED))
        assert text in found.the("certificate")


def test_the_certificate_of_another_key(empty_softhsm: Token) -> None:
    """A certificate with the key's id and another key is named with its subject."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    other = empty_softhsm.make_key("EC-256", "other", b"\x02")
    empty_softhsm.store_certificate(chain_for("EC-256", other).ders[0], "build", b"\x01")
    found = _doctor(_given(empty_softhsm), "pkcs11:object=build")
    assert found.steps[-1] == ("certificate", FAILED)
    assert "has the CKA_ID of pkcs11:" in found.the("certificate")
    assert "but another key" in found.the("certificate")
    found = _doctor(_given(empty_softhsm), "pkcs11:object=other")
    assert found.steps[-1] == ("certificate", OK)


def test_keys_that_cannot_sign(empty_softhsm: Token) -> None:
    """A key on another curve, or without anything public, is found, and the next key is looked at nevertheless."""
    empty_softhsm.pkcs11_tool("--keypairgen", "--key-type", "EC:secp256k1", "--label", "k1", "--id", "01", login=True)
    empty_softhsm.make_key("EC-256", "hidden", b"\x02", public_object=False)
    empty_softhsm.make_key("EC-256", "good", b"\x03")
    found = _doctor(_given(empty_softhsm))
    assert found.code == 4
    told = {name: each for each in found.of("key") for name in ("k1", "hidden", "good") if f"object={name};" in each[1]}
    assert {name: result for name, (result, _) in told.items()} == {"k1": FAILED, "hidden": FAILED, "good": OK}
    assert "unsupported curve" in told["k1"][1]
    assert "neither a public key nor a certificate" in told["hidden"][1]
