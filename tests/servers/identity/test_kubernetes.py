"""Pods that sign with the token of their service account, which a real API server issues."""

import base64
import json
import ssl
import urllib.request

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import PluginAccessDeniedError
from notarykit_identity.fulcio import subjects_of
from notarykit_identity.identities import Identity, identity_of
from notarykit_identity.token import IdentityToken
from tests.servers.identity.issuer import AUDIENCE
from tests.servers.identity.scene import Scene
from tests.servers.identity.vault_ca import VaultCA
from tests.servers.kubernetes.cluster import Cluster
from tests.servers.kubernetes.conftest import api_server, cluster

__all__ = ["api_server", "cluster"]

_ISSUER = "https://kubernetes.default.svc"
_ACCOUNT = "system:serviceaccount:default:signer"
_PATH = "/api/v1/namespaces/default/serviceaccounts"


def _token(cluster: Cluster, *audiences: str) -> str:
    """Returns a token as the kubelet puts it into a pod."""
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "signer"}}
    cluster.api.request("POST", _PATH, account)
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"audiences": list(audiences), "expirationSeconds": 600},
    }
    answer = cluster.api.request("POST", f"{_PATH}/signer/token", request)
    assert answer.is_good, answer
    return str(answer.body["status"]["token"])


@pytest.fixture
def vault_ca(own_vault_ca: VaultCA, cluster: Cluster) -> VaultCA:
    """Vault's engine for the service account, by the keys that the API server publishes."""
    authority = own_vault_ca._replace(issuer=_ISSUER)
    headers = {"Authorization": f"Bearer {cluster.token}"}
    context = ssl.create_default_context(cafile=cluster.ca_file)
    published = urllib.request.Request(f"{cluster.url}/openid/v1/jwks", headers=headers)
    with urllib.request.urlopen(published, context=context) as answer:
        keys = [_pem(jwk) for jwk in json.load(answer)["keys"]]
    config = {
        "jwt_validation_pubkeys": keys,
        "bound_issuer": _ISSUER,
        "oidc_discovery_url": "",
        "default_role": "build",
    }
    authority.server.ask("POST", f"auth/{authority.mount}/config", config)
    authority.write_role()
    authority.write_login(bound_subject=_ACCOUNT)
    return authority


def _pem(jwk: dict[str, str]) -> str:
    def number(name: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(jwk[name] + "=="), "big")

    key = (
        rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
        if jwk["kty"] == "RSA"
        else EllipticCurvePublicNumbers(number("x"), number("y"), SECP256R1()).public_key()
    )
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_pod_signs_with_its_projected_token(scene: Scene, vault_ca: VaultCA, cluster: Cluster) -> None:
    """The certificate names the cluster and the service account."""
    scene.write_token(_token(cluster, AUDIENCE))
    config = scene.for_vault(vault_ca) | {"token_source": "kubernetes"}
    leaf = scene.sign(vault_ca.key_id, config).chain.ders[0]
    assert identity_of(leaf) == Identity(_ISSUER, _ACCOUNT)


def test_usual_token_of_a_pod_is_not_sent(scene: Scene, vault_ca: VaultCA, cluster: Cluster) -> None:
    """The token for the API server stays in the pod, and the advice has what to project."""
    scene.write_token(_token(cluster))
    config = scene.for_vault(vault_ca) | {"token_source": "kubernetes"}
    with pytest.raises(PluginAccessDeniedError, match=f"is for '{_ISSUER}'.* not sent") as caught:
        scene.sign(vault_ca.key_id, config)
    assert f"serviceAccountToken with audience: {AUDIENCE}" in (caught.value.advice or "")


def test_subject_by_fulcio_follows_from_the_token(cluster: Cluster) -> None:
    """The claims are where Fulcio looks for them."""
    token = IdentityToken(_token(cluster, AUDIENCE), "the token")
    assert "https://kubernetes.io/namespaces/default/serviceaccounts/signer" in subjects_of(token)
