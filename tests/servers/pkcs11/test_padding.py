"""PSS padding before the token, for tokens that offer RSA without any."""

import pytest

from tests.servers.pkcs11.executable import run, sign
from tests.servers.pkcs11.token import IDS, Token
from tests.support.ca import SPECS

_RSA = [spec for spec in SPECS if spec.startswith("RSA")]


def test_token_without_pss_signs(tpm_without_pss: Token) -> None:
    """A token that lists no PSS makes valid signatures of blocks padded before."""
    token = tpm_without_pss
    variables = {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin}
    for spec in token.specs:
        uri = f"pkcs11:token={token.label.replace(' ', '%20')};object={spec}"
        assert sign(variables, uri, spec).refusal == ""


_ONLY = """
import pkcs11
from notarykit_pkcs11.token import mechanisms, signing
used = []
def one_method(spec, offered):
    methods = mechanisms.signing_methods(spec, {pkcs11.Mechanism.%s} & set(offered))
    used.extend(method.mechanism.name for method in methods)
    return methods
signing.signing_methods = one_method
token = os.environ["LABEL"]
for spec in %s:
    sign(f"pkcs11:token={token};object={spec}", spec)
print(json.dumps(used))
"""


@pytest.mark.parametrize("mechanism", ["RSA_X_509", "RSA_PKCS_PSS"])
def test_every_pss_method_signs(token: Token, mechanism: str) -> None:
    """Each token signs with each RSA key by PSS on a digest, and by raw RSA."""
    specs = [spec for spec in _RSA if spec in token.specs and spec in IDS]
    label = token.label.replace(" ", "%20")
    variables = {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin, "LABEL": label}
    assert run(variables, _ONLY % (mechanism, specs)) == [mechanism] * len(specs)


_LYING = """
import pkcs11
from notarykit_pkcs11.token import mechanisms, signing
(method,) = mechanisms.signing_methods(KEY_SPECS["RSA-2048"], {pkcs11.Mechanism.RSA_PKCS_PSS})
%s
signing.signing_methods = lambda spec, offered: [method]
print(json.dumps(refusal("pkcs11:object=RSA-2048", "RSA-2048")))
"""


@pytest.mark.parametrize(
    "change",
    [
        "method = method._replace(parameter=(*method.parameter[:2], 20))",
        "method = method._replace(parameter=(*method.parameter[:2], 64))",
        "method = method._replace(prepare=lambda message, spec: bytes(32))",
        "method = method._replace(mechanism=pkcs11.Mechanism.RSA_PKCS, parameter=None)",
    ],
    ids=["a shorter salt", "a longer salt", "another digest", "another padding"],
)
def test_different_signature_is_rejected(softhsm: Token, change: str) -> None:
    """A signature with another salt, hash or padding is rejected before it leaves the plugin."""
    variables = {**softhsm.environment, "PKCS11_MODULE_PATH": str(softhsm.module), "PKCS11_PIN": softhsm.pin}
    assert "made no RSASSA-PSS-SHA-256 signature that fits" in run(variables, _LYING % change)
