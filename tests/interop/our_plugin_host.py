"""The Go side as the host of plugins made with notarykit: scenes, and requests to such plugins."""

import base64
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from notarykit.verification.verdict import Verified
from tests.interop.go_peer import Peer
from tests.interop.plugin_scene import descriptor_of
from tests.interop.scene import DAY, METADATA, Scene, push
from tests.support.envelopes import JWS, PAYLOAD, PAYLOAD_TYPE

LOCAL_FILE = "local-file"


class Host(NamedTuple):
    """The Go side with plugins in a folder.

    Attributes:
        peer: The Go side.
        plugins: The folder.
    """

    peer: Peer
    plugins: Path

    def sign(
        self, scene: Scene, name: str, expires_in: timedelta = DAY, config: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Its answer to a request to sign the artifact of a scene with the scene's key."""
        return self.peer.ask(
            "plugin-sign",
            folder=str(self.plugins),
            name=name,
            keyId=str(scene.key_file),
            mediaType=scene.media_type,
            descriptor=descriptor_of(scene.layout),
            expirySeconds=int(expires_in.total_seconds()),
            pluginConfig=config or {},
        )

    def call(self, name: str, command: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """Its answer to a request to send one command as it is."""
        return self.peer.ask("plugin-call", folder=str(self.plugins), name=name, command=command, request=request)

    def accepts(
        self, scene: Scene, name: str, expires_in: timedelta = DAY, config: Mapping[str, str] | None = None
    ) -> tuple[bytes, Verified, dict[str, str]]:
        """Signs and has both sides verify; returns the envelope, the verdict and the plugin's annotations."""
        answer = self.sign(scene, name, expires_in, config)
        assert answer["ok"], answer
        envelope = base64.b64decode(answer["envelope"])
        push(scene.layout.path, scene.layout.digest, scene.media_type, envelope)
        there = scene.question().ask_peer(self.peer)
        assert there["ok"], there["error"]
        assert there["metadata"] == METADATA
        verdict = scene.question().ask_us().verdict
        assert isinstance(verdict, Verified)
        assert verdict.chain.ders == scene.chain.ders
        return envelope, verdict, answer["annotations"]


def make_scene(folder: Path, media_type: str = JWS, spec: str = "EC-256") -> Scene:
    """A scene whose key has a name that JSON can write in several ways."""
    return Scene(folder / "Schlüssel <&> 世界", spec, media_type, 3)


def key_request(scene: Scene) -> dict[str, Any]:
    """Returns a describe-key request for the scene's key."""
    return {"contractVersion": "1.0", "keyId": str(scene.key_file)}


def envelope_request(scene: Scene) -> dict[str, Any]:
    """Returns a generate-envelope request for the scene's key and format."""
    return {
        **key_request(scene),
        "payloadType": PAYLOAD_TYPE,
        "signatureEnvelopeType": scene.media_type,
        "payload": base64.b64encode(PAYLOAD).decode(),
    }
