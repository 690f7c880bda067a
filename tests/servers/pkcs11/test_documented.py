"""The table of mechanisms in the documentation is what the tokens do."""

from urllib.parse import quote

from tests.servers.pkcs11.mechanisms import is_documented, row, used
from tests.servers.pkcs11.token import Token

_NAMES = {
    "softhsm": "SoftHSM 2.6",
    "kryoptic": "kryoptic 1.5",
    "nss": "NSS softokn 3.87",
    "tpm": "a TPM, by tpm2-pkcs11 1.9",
    "opencryptoki": "opencryptoki 3.8, soft token",
}


def _row(token: Token, name: str) -> str:
    variables = {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin}
    keys: list[tuple[str, str, dict[str, str]]] = [
        (f"pkcs11:token={quote(token.label)};object={spec}", spec, {}) for spec in token.specs
    ]
    return row(name, dict(zip(token.specs, used(variables, keys), strict=True)))


def test_mechanisms_are_documented(token: Token) -> None:
    """Each token signs with the mechanisms in its line."""
    assert is_documented(_row(token, _NAMES[token.kind]))


def test_mechanisms_without_pss_are_documented(tpm_without_pss: Token) -> None:
    """A token that lists RSA without PSS signs with the mechanisms in its line."""
    assert is_documented(_row(tpm_without_pss, "the same, set up without PSS"))
