"""From a key on the list to whoever signs with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from notarykit.config.signers import plugin_signer, signer_for
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


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Makes a plugin the one that is found by any name."""

    def install(plugin: Plugin) -> None:
        monkeypatch.setattr("notarykit.plugin.discovery.locate.load_plugin", lambda _: plugin)

    return install


def test_a_local_key(tmp_path: Path) -> None:
    """A key in files signs in this process, with a passphrase where it needs one."""
    key, chain = tmp_path / "a.key", tmp_path / "a.crt"
    key.touch(mode=0o600)
    key.write_bytes(pem_of(_CHAIN.leaf_key, b"secret"))
    chain.write_bytes(_CHAIN.chain_pem)
    entry = SigningKey("a", str(key), str(chain))
    signer = signer_for(entry, {"ignored": "x"}, lambda: b"secret")
    assert isinstance(signer, LocalSigner)
    assert signer.sign(b"message")[1] == _CHAIN.ders
    with pytest.raises(PassphraseError, match="is encrypted and there is no passphrase for it"):
        signer_for(entry, {})
    with pytest.raises(SigningKeyError, match="does not exist"):
        signer_for(SigningKey("a", str(tmp_path / "none"), str(chain)), {})


def test_a_plugins_key(installed: Installed) -> None:
    """A plugin gets the key's identifier and configuration, in which what the caller says comes first."""
    plugin = KeyPlugin(_CHAIN)
    installed(plugin)
    entry = SigningKey("a", id="key 1", plugin="com.example.keys", plugin_config={"a": "1", "b": "2"})
    signer = signer_for(entry, {"b": "3", "c": "4"})
    assert isinstance(signer, PluginSigner)
    assert signer.sign(b"message")[1] == _CHAIN.ders
    assert plugin.requests[0] == DescribeKeyRequest("key 1", {"a": "1", "b": "3", "c": "4"})
    assert signer.agent.endswith(" com.example.keys/1.2.3")
    assert entry.plugin_config == {"a": "1", "b": "2"}


def test_a_plugin_that_makes_envelopes(installed: Installed) -> None:
    """A plugin that makes whole envelopes alone is asked for them."""
    plugin = _Enveloping()
    installed(plugin)
    signer = plugin_signer("enveloping", "key 1", {"a": "1"})
    assert isinstance(signer, PluginEnvelopeSigner)
    assert signer.sign_payload(b"{}", "application/cose", None).envelope == b"made"
    assert plugin.requests[0].plugin_config == {"a": "1"}


def test_a_plugin_that_does_both(installed: Installed) -> None:
    """Where a plugin lists both ways of signing the envelope is made here."""

    class Both(KeyPlugin):
        def get_metadata(self, *_: object) -> Metadata:  # type: ignore[override]
            both = ("SIGNATURE_GENERATOR.ENVELOPE", "SIGNATURE_GENERATOR.RAW")
            return super().get_metadata()._replace(capabilities=both)

    installed(Both(_CHAIN))
    assert isinstance(plugin_signer("com.example.keys", "k", {}), PluginSigner)


def test_a_plugin_that_does_not_sign(installed: Installed) -> None:
    """A plugin that signs nothing is refused before it is asked to."""

    class Listed(_Nothing):
        def get_metadata(self, *_: object) -> Metadata:  # type: ignore[override]
            return super().get_metadata()._replace(capabilities=("SIGNATURE_VERIFIER.TRUSTED_IDENTITY",))

    installed(Listed())
    with pytest.raises(PluginResponseError, match=r"^plugin nothing cannot sign artifacts$"):
        plugin_signer("nothing", "k", {})


def test_a_plugin_that_is_not_there() -> None:
    """A plugin that is not installed is missed by its name."""
    with pytest.raises(PluginNotFoundError, match=r"plugin 'com.example.no-such-plugin' is not installed"):
        signer_for(SigningKey("a", id="k", plugin="com.example.no-such-plugin"), {})
