"""Diagnosis of tokens that can sign."""

import json
from urllib.parse import quote

from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import FAILED, OK, WARNING
from tests.servers.pkcs11.doctor import diagnose, key_uri, run_doctor
from tests.servers.pkcs11.token import IDS, Token


def test_finds_mechanisms_keys_and_certificates(token: Token) -> None:
    """Each token is found with its mechanisms, its keys and their certificates."""
    diagnosis = diagnose(token.plugin_environment(), f"pkcs11:token={quote(token.label)}")
    assert diagnosis.steps[:2] == [("module", OK), ("slots", OK)]
    assert str(token.module.resolve()) in diagnosis.the("module")
    label = f"token={quote(token.label)};"
    (own,) = [detail for result, detail in diagnosis.of("token") if result == OK and label in detail]
    assert f"slot-id={token.slot}" in own
    for spec in token.specs:
        assert [detail for _, detail in diagnosis.of("mechanisms") if f"{spec} by " in detail]
        name = f"object={spec};id=%{IDS[spec].hex()};type=private"
        assert [
            finding
            for finding in diagnosis.of("key")
            if finding[0] == OK and name in finding[1] and finding[1].endswith(f": {spec}")
        ]
        assert [finding for finding in diagnosis.of("certificate") if finding[0] == OK and name in finding[1]]


def test_named_key_is_usable(token: Token) -> None:
    """A named key has no failure, and no other key is checked."""
    for spec in (token.specs[0], token.specs[-1]):
        diagnosis = diagnose(token.plugin_environment(), key_uri(token, spec))
        assert diagnosis.code == 0, diagnosis.text
        steps = ["module", "slots", "token", "mechanisms", "login", "key", "signature", "certificate"]
        assert [step for step, _ in diagnosis.steps] == steps
        # Not every token has everything; and another test may have tried a wrong PIN.
        assert {result for step, result in diagnosis.steps if step not in ("mechanisms", "login")} == {OK}
        assert "the PIN is right" in diagnosis.the("login") or "the keys are visible without" in diagnosis.the("login")
        assert f"object={spec};" in diagnosis.the("key")
        assert diagnosis.the("signature").startswith("ok a trial signature is valid")


def test_trial_signature_needs_a_pin(softhsm: Token) -> None:
    """Without a PIN no signature is tried, and the login is a failure with advice."""
    variables = {name: value for name, value in softhsm.plugin_environment().items() if name != "PKCS11_PIN"}
    diagnosis = diagnose(variables, key_uri(softhsm, "EC-256"))
    assert ("signature", OK) not in diagnosis.steps
    assert diagnosis.steps[-1] == ("login", FAILED)


def test_all_key_specs_have_a_mechanism(softhsm: Token) -> None:
    """A token that supports all key specs lists a mechanism for each."""
    diagnosis = diagnose(softhsm.plugin_environment(), key_uri(softhsm, "EC-256"))
    detail = diagnosis.the("mechanisms")
    assert detail.startswith("ok ")
    for spec, key_spec in KEY_SPECS.items():
        way = f"{key_spec.hash_name.replace('-', '')}_RSA_PKCS_PSS" if key_spec.is_rsa else "ECDSA"
        assert f"{spec} by {way}" in detail


def test_missing_key_specs_are_a_warning(tpm: Token) -> None:
    """Key specs that the token does not support are a warning."""
    diagnosis = diagnose(tpm.plugin_environment(), key_uri(tpm, "RSA-2048"))
    assert diagnosis.code == 0
    (mechanisms,) = diagnosis.of("mechanisms")
    missing = [spec for spec in KEY_SPECS if f"{spec} by " not in mechanisms[1]]
    assert mechanisms[0] == (WARNING if missing else OK)
    assert mechanisms[1].endswith(f"; not {', '.join(missing)}") or not missing


def test_key_size_limits_are_respected(tpm: Token) -> None:
    """The token's limits of key sizes count, beside its mechanisms."""
    assert "RSA-4096" not in tpm.specs
    result = diagnose(tpm.plugin_environment(), key_uri(tpm, "RSA-3072")).the("mechanisms")
    assert "RSA-3072 by SHA384_RSA_PKCS_PSS" in result
    assert result.startswith("warning")
    assert "not RSA-4096" in result


def test_trial_signature_finds_an_unusable_key(tpm: Token) -> None:
    """A trial signature finds a key that the token makes and describes, but cannot sign with."""
    tpm.make_key("EC-521", "large", b"\x52")
    done = run_doctor(  # the module writes to standard error
        tpm.plugin_environment(), "--output", "json", "--key-id", f"pkcs11:token={quote(tpm.label)};object=large"
    )
    assert done.returncode == 4
    results = {finding["step"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert (results["key"]["result"], results["signature"]["result"]) == (OK, FAILED)
    assert "cannot sign with" in results["signature"]["detail"]


def test_public_key_info_describes_a_private_key(kryoptic: Token) -> None:
    """An EC key without a public key object or certificate is described by its own CKA_PUBLIC_KEY_INFO."""
    kryoptic.make_key("EC-384", "alone", b"\x38", public_object=False)
    diagnosis = diagnose(kryoptic.plugin_environment(), f"pkcs11:token={quote(kryoptic.label)};object=alone")
    assert diagnosis.the("key").startswith("ok ")
    assert "EC-384" in diagnosis.the("key")
    assert ("signature", OK) in diagnosis.steps


def test_token_without_pss_is_usable(tpm_without_pss: Token) -> None:
    """A token without PSS can sign by raw RSA."""
    diagnosis = diagnose(tpm_without_pss.plugin_environment(), key_uri(tpm_without_pss, "RSA-2048"))
    assert diagnosis.code == 0
    assert "RSA-2048 by RSA_X_509" in diagnosis.the("mechanisms")


def test_table_has_the_findings_of_the_json(softhsm: Token) -> None:
    """The table has the findings of the JSON, in lines of at most 100 columns."""
    variables, key = softhsm.plugin_environment(), key_uri(softhsm, "EC-256")
    diagnose(variables, key)  # a wrong PIN of another test is forgotten with this
    done = run_doctor(variables, "--key-id", key)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("RESULT ")
    assert max(map(len, done.stdout.splitlines())) <= 100
    text = "".join(done.stdout.split())  # a long URI is broken
    for finding in diagnose(variables, key).findings:
        assert "".join(f"{finding['result']}{finding['step']}{finding['detail']}".split()) in text
    assert softhsm.pin not in done.stdout


def test_always_authenticate_is_shown(empty_softhsm: Token) -> None:
    """A key that requires the PIN for each signature is marked so."""
    empty_softhsm.make_key("EC-256", "build", b"\x01", always_authenticate=True)
    diagnosis = diagnose(empty_softhsm.plugin_environment(), "pkcs11:object=build")
    assert "needs the PIN for each signature" in diagnosis.the("key")
