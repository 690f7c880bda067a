"""PSS padding of our own, for tokens that offer RSA without any."""

import pytest

from tests.servers.pkcs11.asking import run, sign
from tests.servers.pkcs11.token import IDS, Token
from tests.support.ca import SPECS

_RSA = [spec for spec in SPECS if spec.startswith("RSA")]


def test_a_token_without_pss(tpm_without_pss: Token) -> None:
    """A token that lists no PSS signs with padding made here; what it signs holds."""
    token = tpm_without_pss
    given = {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin}
    for spec in token.specs:
        uri = f"pkcs11:token={token.label.replace(' ', '%20')};object={spec}"
        assert sign(given, uri, spec).refusal == ""


_ONLY = """
import pkcs11
from notarykit_pkcs11.token import mechanisms
from notarykit_pkcs11.token import signing
used = []
of_token = signing.signing_methods
def ways(spec, offered):
    found = mechanisms.signing_methods(spec, {pkcs11.Mechanism.%s} & set(offered))
    used.extend(each.mechanism.name for each in found)
    return found
signing.signing_methods = ways
token, found = os.environ["LABEL"], []
for spec in %s:
    sign(f"pkcs11:token={token};object={spec}", spec)
print(json.dumps(used))
"""


@pytest.mark.parametrize("mechanism", ["RSA_X_509", "RSA_PKCS_PSS"])
def test_every_way_to_pss(token: Token, mechanism: str) -> None:
    """Each token signs with each RSA key by padding of its own on a digest, and without any padding of its own."""
    specs = [spec for spec in _RSA if spec in token.specs and spec in IDS]
    label = token.label.replace(" ", "%20")
    given = {**token.environment, "PKCS11_MODULE_PATH": str(token.module), "PKCS11_PIN": token.pin, "LABEL": label}
    assert run(given, _ONLY % (mechanism, specs)) == [mechanism] * len(specs)


_LYING = """
import pkcs11
from notarykit_pkcs11.token import mechanisms
from notarykit_pkcs11.token import signing
(way,) = mechanisms.signing_methods(KEY_SPECS["RSA-2048"], {pkcs11.Mechanism.RSA_PKCS_PSS})
%s
signing.signing_methods = lambda spec, offered: [way]
print(json.dumps(refusal("pkcs11:object=RSA-2048", "RSA-2048")))
"""


@pytest.mark.parametrize(
    "change",
    [
        "way = way._replace(parameter=(*way.parameter[:2], 20))",
        "way = way._replace(parameter=(*way.parameter[:2], 64))",
        "way = way._replace(prepare=lambda message, spec: bytes(32))",
        "way = way._replace(mechanism=pkcs11.Mechanism.RSA_PKCS, parameter=None)",
    ],
    ids=["a shorter salt", "a longer salt", "another digest", "another padding"],
)
def test_another_signature(softhsm: Token, change: str) -> None:
    """A token that signs with another salt, hash or padding is found out before anything leaves."""
    given = {**softhsm.environment, "PKCS11_MODULE_PATH": str(softhsm.module), "PKCS11_PIN": softhsm.pin}
    assert "made no RSASSA-PSS-SHA-256 signature that fits" in run(given, _LYING % change)
