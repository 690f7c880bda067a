"""What tests of plugins on either side need: descriptors to sign, signatures that need a plugin, and agents."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import cbor2

from notarykit.envelope.attributes import X509, ExtendedAttribute, SigningScheme
from notarykit.oci.layout import ImageLayout
from tests.interop.scene import METADATA, push
from tests.support.ca import TestChain
from tests.support.envelopes import AGENT, JWS, PLUGIN, PLUGIN_VERSION, sign_envelope
from tests.support.layouts import Layout

TRUSTED_IDENTITY = "SIGNATURE_VERIFIER.TRUSTED_IDENTITY"
REVOCATION_CHECK = "SIGNATURE_VERIFIER.REVOCATION_CHECK"


def agent_of(envelope: bytes, media_type: str) -> str:
    """The signing agent in an envelope, read without the code that is tested."""
    if media_type == JWS:
        return str(json.loads(envelope)["header"][AGENT])
    return str(cbor2.loads(envelope).value[1][AGENT])


def agent_of_go() -> str:
    """How the Go side names itself: its library, in the version that the peer is built with."""
    modules = Path(__file__).with_name("peer").joinpath("go.mod").read_text()
    found = re.search(r"notaryproject/notation-go v(\S+)", modules)
    assert found is not None
    return f"notation-go/{found[1]}"


def descriptor_of(layout: Layout) -> dict[str, Any]:
    """The descriptor that is signed for the artifact of a layout, with the metadata that both sides sign along."""
    return {**ImageLayout(layout.path).resolve(layout.digest).to_json(), "annotations": METADATA}


def push_needing(
    layout: Layout,
    chain: TestChain,
    media_type: str,
    plugin: str,
    *,
    minimum: str = "",
    critical: Mapping[str, Any] | None = None,
    other: Mapping[str, Any] | None = None,
    expires_in: timedelta | None = None,
    scheme: SigningScheme = X509,
) -> str:
    """Stores a signature that names a verification plugin, and returns its manifest's digest.

    Args:
        layout: Where the signed artifact is.
        chain: The signer's chain.
        media_type: The envelope's format.
        plugin: The plugin's name.
        minimum: The lowest version of the plugin, if there is one.
        critical: Further critical attributes.
        other: Further attributes that are not critical.
        expires_in: When it expires, if it does.
        scheme: The signing scheme.
    """
    extended = [ExtendedAttribute(PLUGIN, plugin, critical=True)]
    if minimum:
        extended.append(ExtendedAttribute(PLUGIN_VERSION, minimum, critical=True))
    extended += [ExtendedAttribute(key, value, critical=True) for key, value in (critical or {}).items()]
    extended += [ExtendedAttribute(key, value, critical=False) for key, value in (other or {}).items()]
    payload = json.dumps({"targetArtifact": descriptor_of(layout)}).encode()
    envelope = sign_envelope(chain, media_type, payload, extended=tuple(extended), expires_in=expires_in, scheme=scheme)
    return push(layout.path, layout.digest, media_type, envelope)
