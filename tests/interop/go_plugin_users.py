"""Users of plugins on the Go framework, and signing as one of them."""

from datetime import timedelta
from typing import Protocol

from notarykit.oci.layout import ImageLayout
from notarykit.plugin.discovery.locate import load_plugin
from notarykit.plugin.host.signer import plugin_signer
from notarykit.signing.artifact import SignedArtifact, sign_artifact
from notarykit.signing.options import SignOptions
from tests.interop.go_user import GoUser
from tests.interop.scene import DAY, METADATA
from tests.support.envelopes import JWS


class Users(Protocol):
    """Makes a user."""

    def __call__(self, spec: str = "EC-256") -> GoUser:
        """With a key of a spec."""


def sign_as(
    who: GoUser, name: str, media_type: str = JWS, expires_in: timedelta | None = DAY, **config: str
) -> SignedArtifact:
    """Signs through the library."""
    signer = plugin_signer(load_plugin(name), who.key_id, config)
    place = ImageLayout(who.layout.path)
    return sign_artifact(
        place,
        who.layout.digest,
        signer,
        SignOptions(media_type=media_type, expires_in=expires_in, user_metadata=METADATA),
    )
