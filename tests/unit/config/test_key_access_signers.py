"""Signers of the keys on the list."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.config.key_access import open_signer
from notarykit.config.signing_keys import SigningKey
from notarykit.errors import PassphraseError, PluginNotFoundError, PluginResponseError, SigningKeyError
from notarykit.keys.local import LocalSigner
from notarykit.plugin import DescribeKeyRequest, GeneratedEnvelope, GenerateEnvelopeRequest, Metadata, Plugin
from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner
from tests.support.ca import make_chain, pem_of
from tests.unit.plugin.plugins import KeyPlugin

_CHAIN = make_chain()


class _Enveloping(Plugin):
    name, description, version, url = "enveloping", "d", "1.0.0", "u"

    def __init__(self) -> None:
        self.requests: list[GenerateEnvelopeRequest] = []

    def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
        self.requests.append(request)
        return GeneratedEnvelope(b"made", request.signature_envelope_type)


class _Nothing(Plugin):
    name, description, version, url = "nothing", "d", "1.0.0", "u"


Installed = Callable[[Plugin], None]


def _plugin_key(plugin: str, key_id: str = "k") -> SigningKey:
    return SigningKey("a", id=key_id, plugin=plugin)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Installs a plugin under every name."""

    def install(plugin: Plugin) -> None:
        monkeypatch.setattr("notarykit.plugin.discovery.locate.load_plugin", lambda _: plugin)

    return install


def test_local_key_signs_with_its_passphrase(tmp_path: Path) -> None:
    """A key in files signs in this process, with a passphrase where it needs one."""
    key, chain = tmp_path / "a.key", tmp_path / "a.crt"
    key.touch(mode=0o600)
    key.write_bytes(pem_of(_CHAIN.leaf_key, b"secret"))
    chain.write_bytes(_CHAIN.chain_pem)
    entry = SigningKey("a", str(key), str(chain))
    signer = open_signer(entry, {"ignored": "x"}, lambda: b"secret")
    assert isinstance(signer, LocalSigner)
    assert signer.sign(b"message")[1] == _CHAIN.ders
    with pytest.raises(PassphraseError, match="is encrypted and there is no passphrase for it"):
        open_signer(entry, {})
    with pytest.raises(SigningKeyError, match="does not exist"):
        open_signer(SigningKey("a", str(tmp_path / "none"), str(chain)), {})


@pytest.mark.requirement("plugin:key-of-plugin")
def test_plugin_config_of_the_call_overrides_that_of_the_list(installed: Installed) -> None:
    """A plugin gets the key's identifier and the configuration of both, of which the caller's counts."""
    plugin = KeyPlugin(_CHAIN)
    installed(plugin)
    entry = SigningKey("a", id="key 1", plugin="com.example.keys", plugin_config={"a": "1", "b": "2"})
    signer = open_signer(entry, {"b": "3", "c": "4"})
    assert isinstance(signer, PluginSigner)
    signed = signer.sign(b"message")
    assert signed.chain == _CHAIN.ders
    assert plugin.requests[0] == DescribeKeyRequest("key 1", {"a": "1", "b": "3", "c": "4"})
    assert signed.agent.endswith(" com.example.keys/1.2.3")
    assert entry.plugin_config == {"a": "1", "b": "2"}


def test_plugin_that_only_generates_envelopes_is_an_envelope_signer(installed: Installed) -> None:
    """A plugin with the envelope capability alone is called for envelopes."""
    plugin = _Enveloping()
    installed(plugin)
    signer = open_signer(_plugin_key("enveloping", "key 1"), {"a": "1"})
    assert isinstance(signer, PluginEnvelopeSigner)
    assert signer.sign_payload(b"{}", "application/cose", None).envelope == b"made"
    assert plugin.requests[0].plugin_config == {"a": "1"}


def test_raw_signatures_are_preferred_to_envelopes(installed: Installed) -> None:
    """If a plugin has both capabilities, notarykit builds the envelope."""

    class Both(KeyPlugin):
        def get_metadata(self, *_: object) -> Metadata:  # type: ignore[override]
            both = ("SIGNATURE_GENERATOR.ENVELOPE", "SIGNATURE_GENERATOR.RAW")
            return super().get_metadata()._replace(capabilities=both)

    installed(Both(_CHAIN))
    assert isinstance(open_signer(_plugin_key("com.example.keys"), {}), PluginSigner)


def test_plugin_without_signing_capability_is_refused(installed: Installed) -> None:
    """A plugin without a signing capability is refused before its first request."""

    class Listed(_Nothing):
        def get_metadata(self, *_: object) -> Metadata:  # type: ignore[override]
            return super().get_metadata()._replace(capabilities=("SIGNATURE_VERIFIER.TRUSTED_IDENTITY",))

    installed(Listed())
    with pytest.raises(PluginResponseError, match=r"^plugin nothing cannot sign artifacts$"):
        open_signer(_plugin_key("nothing"), {})


def test_missing_plugin_is_named() -> None:
    """The error for a plugin that is not installed contains its name."""
    with pytest.raises(PluginNotFoundError, match=r"plugin 'com.example.no-such-plugin' is not installed"):
        open_signer(_plugin_key("com.example.no-such-plugin"), {})
