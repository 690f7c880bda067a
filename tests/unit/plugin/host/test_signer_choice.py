"""Choice of a plugin's signer by its capabilities, settings and contract versions."""

from typing import Any

import pytest

from notarykit.errors import (
    PluginContractVersionError,
    PluginResponseError,
)
from notarykit.plugin import (
    DescribeKeyRequest,
    GeneratedEnvelope,
    GeneratedSignature,
    GenerateEnvelopeRequest,
    GenerateSignatureRequest,
    GetMetadataRequest,
    KeyDescription,
    Metadata,
    seconds_left,
)
from notarykit.plugin.host.metadata import read_metadata
from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner, plugin_signer
from notarykit.plugin.protocol.metadata import NO_CONFIG
from tests.support.ca import make_chain
from tests.unit.plugin.clock import Clock
from tests.unit.plugin.plugins import KeyPlugin

_CHAIN = make_chain()


@pytest.mark.parametrize("seconds", [7.0, 300.0])
def test_each_command_has_the_callers_time_limit(seconds: float, clock: Clock) -> None:
    """Each answer that signing needs may take the time that the caller gives, and the plugin can ask for it."""
    left = []

    class Slow(KeyPlugin):
        def describe_key(self, request: DescribeKeyRequest) -> KeyDescription:
            left.append(seconds_left())
            clock.now += 3
            return super().describe_key(request)

        def generate_signature(self, request: GenerateSignatureRequest) -> GeneratedSignature:
            left.append(seconds_left())
            return super().generate_signature(request)

        def generate_envelope(self, request: GenerateEnvelopeRequest) -> GeneratedEnvelope:
            left.append(seconds_left())
            return GeneratedEnvelope(b"", request.signature_envelope_type)

    signer = plugin_signer(Slow(_CHAIN), "key 1", {}, seconds=seconds)
    assert isinstance(signer, PluginSigner)
    signer.sign(b"message")
    PluginEnvelopeSigner(Slow(), "key 1", {}, seconds=seconds).sign_payload(b"{}", "application/cose", None)
    assert left == [seconds] * 3


class _PluginWithMetadata(KeyPlugin):
    """Gives the metadata that it is told."""

    def __init__(self, **changes: Any) -> None:
        super().__init__()
        self.changes = changes

    def get_metadata(self, *_: object) -> Metadata:  # type: ignore[override]
        return super().get_metadata()._replace(**self.changes)


_RAW, _ENVELOPE = "SIGNATURE_GENERATOR.RAW", "SIGNATURE_GENERATOR.ENVELOPE"
_ENVELOPE_FOR_BLOB = "SIGNATURE_GENERATOR.ENVELOPE_FOR_BLOB"


@pytest.mark.requirement("plugin:blob-capability", "plugin:choice-of-interface")
@pytest.mark.parametrize(
    ("capabilities", "for_blob", "kind"),
    [
        (("X", _RAW), False, PluginSigner),
        ((_RAW,), True, PluginSigner),
        ((_ENVELOPE, _RAW), False, PluginSigner),
        (("X", _ENVELOPE), False, PluginEnvelopeSigner),
        ((_ENVELOPE, _ENVELOPE_FOR_BLOB), True, PluginEnvelopeSigner),
        ((_ENVELOPE_FOR_BLOB, _RAW), True, PluginSigner),
    ],
)
def test_raw_signatures_are_preferred(capabilities: tuple[str, ...], for_blob: bool, kind: type) -> None:
    """A plugin is asked for signatures where it lists them, and else for envelopes of what is to be signed."""
    plugin = _PluginWithMetadata(capabilities=capabilities, supported_contract_versions=("2.0", "1.0"))
    assert type(plugin_signer(plugin, "key 1", {}, for_blob=for_blob)) is kind


@pytest.mark.requirement("plugin:blob-capability", "plugin:choice-of-interface")
@pytest.mark.parametrize(
    ("capabilities", "for_blob"),
    [
        ((_ENVELOPE_FOR_BLOB,), False),
        ((_ENVELOPE,), True),
        (("SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "raw"), False),
    ],
)
def test_plugin_without_the_capability_is_refused(capabilities: tuple[str, ...], for_blob: bool) -> None:
    """A plugin without a way of signing what is to be signed is refused before it is asked for anything."""
    what = "blobs" if for_blob else "artifacts"
    plugin = _PluginWithMetadata(capabilities=capabilities)
    with pytest.raises(PluginResponseError, match=rf"^plugin com.example.keys cannot sign {what}$"):
        plugin_signer(plugin, "key 1", {}, for_blob=for_blob)
    assert not plugin.requests


class _PluginWithSettings(KeyPlugin):
    """Makes envelopes where its settings say so."""

    @classmethod
    def get_metadata(cls, request: GetMetadataRequest = NO_CONFIG) -> Metadata:
        found = super().get_metadata(request)
        return found._replace(capabilities=(_ENVELOPE,)) if "whole" in request.plugin_config else found


def test_capabilities_may_depend_on_the_settings() -> None:
    """What a plugin can do is asked for with the settings with which it is going to sign."""
    assert type(plugin_signer(_PluginWithSettings(), "key 1", {})) is PluginSigner
    assert type(plugin_signer(_PluginWithSettings(), "key 1", {"whole": "yes"})) is PluginEnvelopeSigner


@pytest.mark.requirement("plugin:higher-version")
def test_other_contract_versions_are_refused() -> None:
    """A plugin that does not speak this version of the contract is refused with the versions that it speaks."""
    with pytest.raises(PluginContractVersionError) as caught:
        read_metadata(_PluginWithMetadata(supported_contract_versions=("2.0", "3.1")))
    assert caught.value.message == "plugin com.example.keys supports contract versions 2.0, 3.1, not 1.0"


@pytest.mark.requirement("plugin:metadata-not-cached")
def test_metadata_is_requested_for_each_signer() -> None:
    """Nothing is kept of what a plugin said before: it may have been updated since."""
    plugin = _PluginWithMetadata(capabilities=(_RAW,))
    assert type(plugin_signer(plugin, "key 1", {})) is PluginSigner
    plugin.changes = {"capabilities": (_ENVELOPE,)}
    assert type(plugin_signer(plugin, "key 1", {})) is PluginEnvelopeSigner
