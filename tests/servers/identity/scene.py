"""A workload that signs with its identity, and verifiers on either side."""

import ssl
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from notarykit.envelope.integrity import IntactEnvelope
from notarykit.oci.layout import ImageLayout
from notarykit.plugin.host.signer import plugin_signer
from notarykit.signing.artifact import sign_artifact
from notarykit.signing.options import SignOptions
from notarykit_identity.plugin import IdentityPlugin
from tests.interop.go_peer import Peer
from tests.interop.scene import METADATA, Question
from tests.servers.identity.fulcio import Fulcio
from tests.servers.identity.issuer import AUDIENCE, Issuer
from tests.servers.identity.vault_ca import VaultCA
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.support.envelopes import JWS
from tests.support.homes import Home, policy_document
from tests.support.layouts import make_layout

STORES = ("ca:tests", "tsa:tests")


class Scene:
    """A workload and an artifact.

    Attributes:
        folder: Folder of the test.
        issuer: Issuer of its tokens.
        token_file: File with its token.
        home: Settings of the verifier.
        layout: Layout with the artifact.
        config: Plugin configuration for any certificate authority.
    """

    def __init__(self, folder: Path, issuer: Issuer, tsa: OpensslAuthority, ca_file: str) -> None:
        """Writes the token and the files of the plugin configuration."""
        self.folder = folder
        self.issuer = issuer
        self.token_file = folder / "token"
        self.write_token()
        self.home = Home(folder / "home")
        self.layout = make_layout(folder / "layout")
        root = folder / "tsa.pem"
        root.write_text(ssl.DER_cert_to_PEM_cert(tsa.root))
        self.trust(tsa.root, "tsa")
        self.config = {
            "token_file": str(self.token_file),
            "audience": AUDIENCE,
            "issuer_tls_ca": ca_file,
            "tls_ca": ca_file,
            "timestamp_url": tsa.url,
            "timestamp_root": str(root),
        }

    def write_token(self, text: str | None = None, **claims: Any) -> None:
        """Writes a token to the file: this one, or one with the usual claims and changes."""
        self.token_file.write_text(self.issuer.token(**claims) if text is None else text)

    def trust(self, root: bytes, kind: str = "ca") -> None:
        """Puts a root into the trust store of the verifier."""
        folder = self.home.store(kind=kind)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"root{len(list(folder.iterdir()))}.pem").write_text(ssl.DER_cert_to_PEM_cert(root))

    def for_vault(self, authority: VaultCA) -> dict[str, str]:
        """Returns the plugin configuration for Vault, and trusts its root."""
        self.trust(authority.root)
        return self.config | {"address": authority.server.tls_url, "auth_mount": authority.mount}

    def for_fulcio(self, authority: Fulcio, kind: str, **claims: Any) -> dict[str, str]:
        """Returns the plugin configuration for Fulcio, trusts its root, and writes a token of a kind of issuer."""
        self.trust(authority.root)
        self.write_token(authority.issuers[kind].token(**claims))
        return self.config | {"address": authority.url}

    def sign(self, key_id: str, config: Mapping[str, str], media_type: str = JWS) -> IntactEnvelope:
        """Signs the artifact with the plugin in this process, and returns the signature's content."""
        signer = plugin_signer(IdentityPlugin(), key_id, config)
        options = SignOptions(media_type=media_type, user_metadata=METADATA)
        return sign_artifact(ImageLayout(self.layout.path), self.layout.digest, signer, options).signature.content

    def question(self, identities: Sequence[str], *, later: timedelta | None = None) -> Question:
        """Returns the question whether the artifact is signed by one of these identities, now or later."""
        policy = policy_document(identities, STORES)
        now = None if later is None else datetime.now().astimezone() + later
        return Question(self.layout.path, str(self.layout.digest), self.home, policy, METADATA, now)


def ask_peer_with_plugins(peer: Peer, plugins: Path, question: Question) -> dict[str, Any]:
    """Returns the verdict of the Go side, which may run the plugins of a folder."""
    answer: dict[str, Any] = peer.ask(
        "verify-with-plugins",
        folder=str(plugins),
        layout=question.layout,
        digest=question.digest,
        scope="local/tests",
        policy=question.policy,
        trustStore=str(question.home.folder),
        metadata=METADATA,
        pluginConfig={},
    )
    return answer
