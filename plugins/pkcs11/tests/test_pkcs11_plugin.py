"""Plugin commands before a module is loaded."""

import json
import subprocess
import sys

import pytest

from notarykit.errors import PluginValidationError
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest
from notarykit.plugin.discovery.entry_points import packaged_plugin
from notarykit_pkcs11.plugin import PKCS11Plugin

_LISTING = """
import atexit, os, sys
from notarykit_pkcs11.__main__ import main
target = os.dup(1)
sys.argv = ["notation-pkcs11", "get-plugin-metadata"]
code = main()
os.write(target, ("\\n" + " ".join(sys.modules)).encode())
sys.exit(code)
"""


def test_metadata_announces_raw_signatures() -> None:
    """The plugin announces raw signatures, and is found by its name."""
    metadata = PKCS11Plugin.get_metadata()
    assert metadata.capabilities == ("SIGNATURE_GENERATOR.RAW",)
    assert all(metadata)
    announced = packaged_plugin("pkcs11")
    assert announced is not None
    assert type(announced.load().plugin) is PKCS11Plugin


def test_metadata_imports_nothing_heavy() -> None:
    """The metadata import neither python-pkcs11 nor cryptography, and two modules of the plugin."""
    done = subprocess.run(
        [sys.executable, "-c", _LISTING], input=b"{}", capture_output=True, check=False, timeout=60
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    answer, _, modules = done.stdout.decode().rpartition("\n")
    assert json.loads(answer)["name"] == "pkcs11"
    loaded = set(modules.split())
    assert not loaded & {"pkcs11", "cryptography", "typing", "subprocess"}
    assert {name for name in loaded if name.startswith("notarykit_pkcs11")} == {
        "notarykit_pkcs11",
        "notarykit_pkcs11.__main__",
        "notarykit_pkcs11.plugin",
    }


@pytest.mark.parametrize("name", ["modul_path", "pin", "PIN_SOURCE", "pin-source", ""])
def test_unknown_setting_is_refused(name: str) -> None:
    """An unknown setting is refused with the list of known ones, before anything is loaded."""
    plugin, config = PKCS11Plugin(), {name: "swordfish"}
    with pytest.raises(PluginValidationError) as described:
        plugin.describe_key(DescribeKeyRequest("pkcs11:object=x", config))
    with pytest.raises(PluginValidationError) as signed:
        plugin.generate_signature(GenerateSignatureRequest("pkcs11:object=x", "EC-256", "SHA-256", b"x", config))
    with pytest.raises(PluginValidationError) as diagnosed:
        list(plugin.diagnose(None, config))
    for caught in (described, signed, diagnosed):
        assert caught.value.message == f"unknown plugin configuration {name!r}"
        assert "module_path, pin_source, pin_env, pinentry" in caught.value.advice
        assert "swordfish" not in caught.value.one_line()


def test_malformed_key_id_is_refused() -> None:
    """A key id that is not a URI is refused before a module is loaded."""
    with pytest.raises(PluginValidationError, match="is not a PKCS#11 URI"):
        PKCS11Plugin().describe_key(DescribeKeyRequest("build", {}))


def test_contradicting_pin_sources_are_refused() -> None:
    """Contradicting PIN sources are refused before a module is loaded."""
    with pytest.raises(PluginValidationError, match="pin-source in the URI differs from pin_source"):
        PKCS11Plugin().describe_key(DescribeKeyRequest("pkcs11:?pin-source=/a", {"pin_source": "/b"}))
