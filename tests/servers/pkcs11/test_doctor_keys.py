"""Diagnosis of unusable keys and certificates."""

from pathlib import Path
from urllib.parse import quote

from notarykit.plugin import FAILED, OK, WARNING
from tests.servers.pkcs11.doctor import diagnose
from tests.servers.pkcs11.token import IDS, Token, chain_for
from tests.support.ca import make_chain


def test_token_without_keys_is_a_failure(empty_softhsm: Token) -> None:
    """A token without keys is a failure."""
    diagnosis = diagnose(empty_softhsm.plugin_environment())
    assert diagnosis.steps[-2:] == [("login", OK), ("keys", FAILED)]
    assert "no private key" in diagnosis.the("keys")


def test_failure_lists_keys_present(softhsm: Token) -> None:
    """A URI that matches no key is a failure with the keys present."""
    diagnosis = diagnose(softhsm.plugin_environment(), "pkcs11:object=other")
    assert diagnosis.steps[-1] == ("key", FAILED)
    for spec in softhsm.specs:
        assert f"object={spec};id=%{IDS[spec].hex()}" in diagnosis.the("key")


def test_ambiguous_key_is_a_failure(empty_softhsm: Token) -> None:
    """A URI that matches two keys is a failure with both."""
    for number in (1, 2):
        empty_softhsm.make_key("EC-256", "build", bytes([number]))
    diagnosis = diagnose(empty_softhsm.plugin_environment(), "pkcs11:object=build")
    assert diagnosis.code == 4
    result, detail = diagnosis.of("key")[0]
    assert (result, detail.startswith("2 match the URI")) == (FAILED, True)
    assert "id=%01" in detail
    assert "id=%02" in detail


def test_missing_certificate_is_a_failure(empty_softhsm: Token) -> None:
    """A missing certificate is a failure for a named key, and a warning otherwise."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    for arguments, code, result in (
        (("pkcs11:object=build",), 4, FAILED),
        (("pkcs11:token=" + quote(empty_softhsm.label),), 4, FAILED),
        ((), 0, WARNING),
    ):
        diagnosis = diagnose(empty_softhsm.plugin_environment(), *arguments)
        assert (diagnosis.code, diagnosis.steps[-1]) == (code, ("certificate", result))
        assert ("key", OK) in diagnosis.steps
        assert (("signature", OK) in diagnosis.steps) is bool(arguments)
        assert f"{result} none for pkcs11:" in diagnosis.the("certificate")
        assert "certificate_chain=FILE" in diagnosis.the("certificate")


def test_chain_file_must_have_the_certificate(empty_softhsm: Token, tmp_path: Path) -> None:
    """A configured file must have the key's certificate, whatever the token has."""
    key = empty_softhsm.make_key("EC-256", "build", b"\x01")
    right, wrong = tmp_path / "right.pem", tmp_path / "wrong.pem"
    right.write_bytes(chain_for("EC-256", key).chain_pem)
    wrong.write_bytes(make_chain().chain_pem)
    for path, code, text in (
        (right, 0, f"in {right} is for pkcs11:"),
        (wrong, 4, f"{wrong} has none for pkcs11:"),
        (tmp_path / "none.pem", 4, f"certificate chain {tmp_path}/none.pem does not exist"),
    ):
        diagnosis = diagnose(
            empty_softhsm.plugin_environment(), "pkcs11:object=build", "--plugin-config", f"certificate_chain={path}"
        )
        assert (diagnosis.code, diagnosis.steps[-1]) == (code, ("certificate", OK if code == 0 else FAILED))
        assert text in diagnosis.the("certificate")


def test_certificate_of_another_key_is_a_failure(empty_softhsm: Token) -> None:
    """A certificate with the key's CKA_ID but another key is a failure with its subject."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    other = empty_softhsm.make_key("EC-256", "other", b"\x02")
    empty_softhsm.store_certificate(chain_for("EC-256", other).ders[0], "build", b"\x01")
    diagnosis = diagnose(empty_softhsm.plugin_environment(), "pkcs11:object=build")
    assert diagnosis.steps[-1] == ("certificate", FAILED)
    assert "has the CKA_ID of pkcs11:" in diagnosis.the("certificate")
    assert "but another key" in diagnosis.the("certificate")
    diagnosis = diagnose(empty_softhsm.plugin_environment(), "pkcs11:object=other")
    assert diagnosis.steps[-1] == ("certificate", OK)


def test_unusable_key_does_not_end_the_checks(empty_softhsm: Token) -> None:
    """A key on an unsupported curve, or without public objects, does not keep the next key from being checked."""
    empty_softhsm.pkcs11_tool("--keypairgen", "--key-type", "EC:secp256k1", "--label", "k1", "--id", "01", login=True)
    empty_softhsm.make_key("EC-256", "hidden", b"\x02", public_object=False)
    empty_softhsm.make_key("EC-256", "good", b"\x03")
    diagnosis = diagnose(empty_softhsm.plugin_environment())
    assert diagnosis.code == 4
    findings = {
        name: finding
        for finding in diagnosis.of("key")
        for name in ("k1", "hidden", "good")
        if f"object={name};" in finding[1]
    }
    assert {name: result for name, (result, _) in findings.items()} == {"k1": FAILED, "hidden": FAILED, "good": OK}
    assert "unsupported curve" in findings["k1"][1]
    assert "neither a public key nor a certificate" in findings["hidden"][1]
