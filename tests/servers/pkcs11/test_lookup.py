"""Lookup of module, token and key, and errors where none or several match."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.servers.pkcs11.executable import Answer, describe, run, sign
from tests.servers.pkcs11.token import Token, chain_for
from tests.support.requirements import require

Another = Callable[[], Token]


def _refused(answer: Answer) -> str:
    assert answer.code == 1
    return answer.refusal


# The module


def test_module_is_named_in_four_ways(softhsm: Token) -> None:
    """The URI, the configuration, the environment or p11-kit's name lead to the module."""
    without = {**softhsm.environment, "PKCS11_PIN": softhsm.pin}
    path, uri = str(softhsm.module), "pkcs11:object=EC-256"
    for variables, key_id, config in (
        (without, f"{uri}?module-path={path}", {}),
        (without, f"{uri}?module-name=softhsm2", {}),
        (without, uri, {"module_path": path}),
        (without | {"PKCS11_MODULE_PATH": path}, uri, {}),
        (without | {"PKCS11_MODULE_PATH": "/no/such/module.so"}, f"{uri}?module-path={path}", {}),
    ):
        answer = describe(variables, key_id, **config)
        assert (answer.refusal, answer.members.get("keySpec")) == ("", "EC-256")


def test_p11_kit_is_the_default_module(softhsm: Token, tmp_path: Path) -> None:
    """p11-kit's proxy, with the tokens of all configured modules, is the default."""
    require("p11-kit-modules")
    variables = {**softhsm.environment, "PKCS11_PIN": softhsm.pin}
    assert sign(variables, f"pkcs11:token={quote(softhsm.label)};object=EC-256", "EC-256").refusal == ""


def test_unusable_module_is_refused_with_advice(softhsm: Token, tmp_path: Path) -> None:
    """A module that does not exist, is not one, or is ambiguous is refused with advice."""
    text = tmp_path / "text.so"
    text.write_text("no library")
    without, uri = softhsm.environment, "pkcs11:object=EC-256"
    for key_id, config, found in (
        (f"{uri}?module-path=/no/such.so", {}, "the module /no/such.so does not exist"),
        (uri, {"module_path": "no/such.so"}, "is relative"),
        (uri, {"module_path": str(text)}, "cannot be loaded"),
        (uri, {"module_path": "libc.so.6"}, "cannot be loaded"),
        (f"{uri}?module-name=nobody", {}, "no module named 'nobody'"),
        (f"{uri}?module-name=..%2Fx", {}, "invalid module name '../x'"),
        (f"{uri}?module-path={softhsm.module}", {"module_path": "/other.so"}, "names the module"),
    ):
        assert found in _refused(describe(without, key_id, **config))


def test_crashing_module_is_reported_by_the_host(crashing_module: Path, softhsm: Token) -> None:
    """A module that crashes when loaded ends the plugin's process, which the host reports."""
    found = run(
        {"PKCS11_MODULE_PATH": str(crashing_module)},
        """
from notarykit.plugin.discovery.process import run
from notarykit.plugin.discovery.executable import ExecutablePlugin
from pathlib import Path
import stat, tempfile
script = Path(tempfile.mkdtemp(), "notation-pkcs11")
script.write_text(f"#!/bin/sh\\nexec {sys.executable} -m notarykit_pkcs11 \\"$@\\"\\n")
script.chmod(0o755)
try:
    ExecutablePlugin("pkcs11", str(script)).describe_key(DescribeKeyRequest("pkcs11:object=x"))
except NotarykitError as error:
    print(json.dumps(error.message))
""",
    )
    assert "it ended with signal" in found


# The token


def test_missing_token_is_reported(no_softhsm: dict[str, str], softhsm: Token) -> None:
    """Without a token the error names the module."""
    variables = {**no_softhsm, "PKCS11_MODULE_PATH": str(softhsm.module)}
    refused = _refused(describe(variables, "pkcs11:token=none;object=x"))
    assert "no token matches pkcs11:token=none;object=x" in refused
    assert "plug it in" in refused


def test_error_lists_tokens_present(empty_softhsm: Token) -> None:
    """The error for a URI that matches no token lists the tokens present."""
    refused = _refused(describe(empty_softhsm.plugin_environment(), "pkcs11:token=other;object=x"))
    assert f"serial={empty_softhsm.serial}" in refused


def test_equal_labels_are_told_apart_by_serial_or_slot(empty_softhsm: Token, another_softhsm: Another) -> None:
    """Tokens with the same label are told apart by serial number or slot."""
    other = another_softhsm()
    for token, spec in ((empty_softhsm, "EC-256"), (other, "EC-384")):
        token.make_key(spec, "build", b"\x01")
        token.store_certificate(chain_for(spec, token.public_key(b"\x01")).ders[0], "build", b"\x01")
    variables = empty_softhsm.plugin_environment()
    uri = f"pkcs11:token={quote(empty_softhsm.label)};object=build"
    refused = _refused(describe(variables, uri))
    assert "2 tokens match" in refused
    assert "add serial= or slot-id= to the URI" in refused
    for token in (empty_softhsm, other):
        assert f"serial={token.serial};slot-id={token.slot}" in refused
    for token, curve in ((empty_softhsm, "secp256r1"), (other, "secp384r1")):
        for way in (f"serial={token.serial}", f"slot-id={token.slot}"):
            script = f"print(json.dumps(plugin.open_key({uri + ';' + way!r}, {{}}).public_key.curve.name))"
            assert run(variables, script) == curve


@pytest.mark.parametrize(
    "wrong",
    ["manufacturer=x", "model=x", "slot-manufacturer=x", "slot-description=x", "library-manufacturer=x",
     "library-description=x", "library-version=9.9", "serial=x", "slot-id=9"],
)  # fmt: skip
def test_every_uri_attribute_must_match(softhsm: Token, wrong: str) -> None:
    """A token that differs from the URI in one attribute does not match."""
    assert "no token matches" in _refused(describe(softhsm.plugin_environment(), f"pkcs11:{wrong};object=EC-256"))


# The key


def test_error_lists_keys_present(softhsm: Token) -> None:
    """The error for a URI that matches no key lists the keys present."""
    refused = _refused(describe(softhsm.plugin_environment(), "pkcs11:object=none"))
    assert "no private key matches pkcs11:object=none" in refused
    assert "object=EC-256;id=%04" in refused


def test_equal_labels_are_told_apart_by_id(empty_softhsm: Token) -> None:
    """Two keys with one label are listed, and told apart by their ids."""
    for number in (1, 2):
        empty_softhsm.make_key("EC-256", "build", bytes([number]))
    variables = empty_softhsm.plugin_environment()
    refused = _refused(describe(variables, "pkcs11:object=build"))
    assert "2 private keys match" in refused
    assert "id=%01" in refused
    assert "id=%02" in refused
    for number in (1, 2):
        script = f"print(json.dumps(plugin.open_key('pkcs11:object=build;id=%0{number}', {{}}).name))"
        assert f"id=%0{number}" in run(variables, script)


def test_key_without_public_objects_is_refused(empty_softhsm: Token) -> None:
    """An EC key without its public key on the token is refused with advice."""
    empty_softhsm.make_key("EC-256", "build", b"\x01", public_object=False)
    refused = _refused(describe(empty_softhsm.plugin_environment(), "pkcs11:object=build"))
    assert "neither a public key nor a certificate" in refused
    empty_softhsm.make_key("RSA-2048", "rsa", b"\x02", public_object=False)
    script = "print(json.dumps(plugin.open_key('pkcs11:object=rsa', {}).public_key.key_size))"
    assert run(empty_softhsm.plugin_environment(), script) == 2048


def test_unsupported_key_is_refused(empty_softhsm: Token) -> None:
    """A key without an algorithm in the specification is refused."""
    empty_softhsm.pkcs11_tool("--keypairgen", "--key-type", "EC:secp256k1", "--label", "k1", "--id", "01", login=True)
    assert "unsupported curve" in _refused(describe(empty_softhsm.plugin_environment(), "pkcs11:object=k1"))


# Its certificate


def test_key_without_certificate_is_refused(empty_softhsm: Token) -> None:
    """A key without a certificate is refused with the way to get one."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    refused = _refused(describe(empty_softhsm.plugin_environment(), "pkcs11:object=build"))
    assert "no certificate found for key pkcs11:" in refused
    assert "certificate_chain=FILE" in refused


def test_certificate_of_another_key_is_not_used(empty_softhsm: Token) -> None:
    """A certificate with the key's CKA_ID but another key is refused, and both are named."""
    empty_softhsm.make_key("EC-256", "build", b"\x01")
    other = empty_softhsm.make_key("EC-256", "other", b"\x02")
    empty_softhsm.store_certificate(chain_for("EC-256", other).ders[0], "build", b"\x01")
    refused = _refused(describe(empty_softhsm.plugin_environment(), "pkcs11:object=build"))
    assert "is for another key" in refused


def test_chain_file_precedes_the_token(empty_softhsm: Token, tmp_path: Path) -> None:
    """A chain file is used before the token's certificates, and a CA file completes them."""
    key = empty_softhsm.make_key("EC-256", "build", b"\x01")
    chain = chain_for("EC-256", key)
    whole, cas = tmp_path / "whole.pem", tmp_path / "cas.pem"
    whole.write_bytes(chain.chain_pem)
    cas.write_bytes(b"".join(chain.pems[1:]))
    variables = empty_softhsm.plugin_environment()
    assert sign(variables, "pkcs11:object=build", "EC-256", {"certificate_chain": str(whole)}).refusal == ""
    empty_softhsm.store_certificate(chain.ders[0], "build", b"\x01")
    assert sign(variables, "pkcs11:object=build", "EC-256", {"ca_certs": str(cas)}).refusal == ""
    assert sign(variables, "pkcs11:object=build", "EC-256").refusal != ""
