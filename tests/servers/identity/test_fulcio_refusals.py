"""What Fulcio refuses, and what its answers must not be, with the advice that helps."""

import base64
import json
import ssl
from collections.abc import Callable
from typing import Any

import pytest
from cryptography import x509

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginThrottledError, PluginValidationError
from tests.servers.identity.fulcio import KEY_ID, Fulcio
from tests.servers.identity.issuer import AUDIENCE, Signer, claims_of
from tests.servers.identity.scene import Scene
from tests.servers.identity.test_fulcio import CLAIMS, SUBJECT
from tests.servers.registry.http_server import Reply, Seen, forward
from tests.servers.timestamp.openssl_ts import OpensslAuthority

_KIND = "github-workflow"
_CERT = "/api/v2/signingCert"


def _refused(scene: Scene, config: dict[str, str], reason: str) -> PluginError:
    with pytest.raises(PluginError, match=reason) as caught:
        scene.sign(KEY_ID, config)
    text = caught.value.one_line()
    assert "eyJ" not in text
    assert scene.token_file.read_text().rpartition(".")[2] not in text
    return caught.value


@pytest.fixture
def config(scene: Scene, fulcio_ca: Fulcio) -> dict[str, str]:
    """Configuration of a workload of GitHub Actions."""
    return scene.for_fulcio(fulcio_ca, _KIND, **CLAIMS)


def test_issuer_that_it_does_not_know(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """The advice lists those that it accepts."""
    scene.write_token()
    error = _refused(scene, config, f"refused the token of {scene.issuer.url}")
    assert isinstance(error, PluginAccessDeniedError)
    assert fulcio_ca.issuers["uri"].url in (error.advice or "")


def test_audience_that_it_does_not_expect(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """The advice names the one that it expects."""
    scene.write_token(fulcio_ca.issuers[_KIND].token(aud="other", **CLAIMS))
    error = _refused(scene, config | {"audience": "other"}, "refused the token")
    assert f"audience={AUDIENCE}" in (error.advice or "")


def test_forged_token(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """A signature of another key is refused, and the advice does not blame issuer or audience."""
    scene.write_token(Signer().sign(claims_of(fulcio_ca.issuers[_KIND].url, **CLAIMS)))
    error = _refused(scene, config, "refused the token")
    assert "are accepted" in (error.advice or "")


def test_token_without_the_claims_of_its_kind(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """Fulcio's own words are quoted."""
    scene.write_token(fulcio_ca.issuers[_KIND].token())
    assert isinstance(_refused(scene, config, "refused the token"), PluginAccessDeniedError)


def test_key_that_it_does_not_allow(scene: Scene, config: dict[str, str]) -> None:
    """Not every server certifies every key."""
    assert scene.sign(KEY_ID, config | {"key_spec": "EC-384"}).chain.key_spec.name == "EC-384"
    assert scene.sign(KEY_ID, config | {"key_spec": "RSA-3072"}).chain.key_spec.name == "RSA-3072"


def test_subject_of_a_template_has_to_be_named(scene: Scene, fulcio_ca: Fulcio) -> None:
    """A subject that only the server's operator knows is accepted if the user named it, and else refused."""
    subject = "https://ci.example/release"
    config = scene.for_fulcio(fulcio_ca, "ci-provider", pipeline="release", run="7")
    error = _refused(scene, config, "is for another identity")
    assert "set subject" in (error.advice or "")
    assert subject in error.message
    scene.sign(KEY_ID, config | {"subject": subject})
    _refused(scene, config | {"subject": f"{subject}2"}, "is for another identity")


def test_user_name_has_to_be_named(scene: Scene, fulcio_ca: Fulcio) -> None:
    """So is a user name, whose domain the token does not have."""
    config = scene.for_fulcio(fulcio_ca, "username", sub="builder")
    _refused(scene, config, "builder!127.0.0.1")
    scene.sign(KEY_ID, config | {"subject": "builder!127.0.0.1"})


def test_timestamp_that_is_older_than_the_certificate_is_requested_again(
    scene: Scene, config: dict[str, str], openssl_tsa: OpensslAuthority
) -> None:
    """Fulcio's certificates begin now, and an authority with an accuracy vouches for a while before, too."""
    before = len(openssl_tsa.seen)
    scene.sign(KEY_ID, config | {"timestamp_url": openssl_tsa.url})
    assert len(openssl_tsa.seen) - before == 2


def _answer(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> dict[str, Any]:
    """Returns a good answer, to another key."""
    scene.sign(KEY_ID, config)
    (seen,) = (each for each in fulcio_ca.seen if each.path == _CERT)
    return json.loads(forward(fulcio_ca.upstream, seen, seen.target).body)  # type: ignore[no-any-return]


def _prepared(fulcio_ca: Fulcio, members: Any, status: int = 200) -> None:
    body = members if isinstance(members, bytes) else json.dumps(members).encode()
    fulcio_ca.answers[_CERT] = Reply(status, (("Content-Type", "application/json"),), body)


def test_certificate_of_another_key(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """An answer that was made for somebody else's key is refused."""
    _prepared(fulcio_ca, _answer(scene, config, fulcio_ca))
    _refused(scene, config, "none of the certificates is of the signing key")


def _change(change: Callable[[list[str]], list[str]]) -> Callable[[Fulcio], None]:
    def install(fulcio_ca: Fulcio) -> None:
        def changed(seen: Seen, reply: Reply) -> Reply:
            members = json.loads(reply.body)
            held = members["signedCertificateDetachedSct"]
            held["chain"]["certificates"] = change(held["chain"]["certificates"])
            return reply._replace(body=json.dumps(members).encode()).with_header("Content-Length", None)

        fulcio_ca.changes[_CERT] = changed

    return install


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda pems: pems[:1], "the issuer of .* is missing"),
        (lambda pems: pems[:-1], "the issuer of .* is missing"),
        (lambda pems: pems[1:], "none of the certificates is of the signing key"),
        (lambda pems: [pems[0], pems[-1]], "the issuer of .* is missing"),
        (lambda pems: [pems[0].replace("MII", "MIJ"), *pems[1:]], "cannot be used"),
        (lambda pems: pems[:0], "returned no certificate"),
        (lambda pems: [len(pems)], "returned no certificate"),
    ],
)
def test_wrong_chain(
    scene: Scene, config: dict[str, str], fulcio_ca: Fulcio, change: Callable[[list[str]], list[str]], reason: str
) -> None:
    """A chain that lacks a part, or is none, is refused."""
    _change(change)(fulcio_ca)
    _refused(scene, config, reason)


def test_chain_may_come_in_any_order_and_be_completed(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """Order does not matter, and a file has what the server leaves out."""
    _change(lambda pems: pems[::-1])(fulcio_ca)
    whole = scene.sign(KEY_ID, config).chain
    _change(lambda pems: pems[:1])(fulcio_ca)
    more = scene.folder / "more.pem"
    more.write_text("".join(map(ssl.DER_cert_to_PEM_cert, whole.ders[1:])))
    assert scene.sign(KEY_ID, config | {"ca_certs": str(more)}).chain.ders[1:] == whole.ders[1:]


@pytest.mark.parametrize(
    ("members", "status", "kind", "reason"),
    [
        (b"not found", 404, PluginValidationError, "is no Fulcio"),
        ({"code": 8, "message": "slow down"}, 429, PluginThrottledError, "throttled the request: slow down"),
        ({"code": 13, "message": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln is bad"}, 500, PluginError, "500: … is bad"),
        (b"", 200, PluginError, "returned no certificate"),
        (b"[" * 10_000, 200, PluginError, "returned no certificate"),
        ({"signedCertificateDetachedSct": None}, 200, PluginError, "returned no certificate"),
        ({"signedCertificateEmbeddedSct": {"chain": []}}, 200, PluginError, "returned no certificate"),
        (b"x" * (1024 * 1024 + 1), 200, PluginError, "limit"),
        ({"message": "a\u202eb\n" * 400}, 400, PluginAccessDeniedError, r"a\?b a\?b"),
    ],
)
def test_answers_that_are_none(
    scene: Scene,
    config: dict[str, str],
    fulcio_ca: Fulcio,
    members: Any,
    status: int,
    kind: type[PluginError],
    reason: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever the server answers becomes an error of the protocol, without a token or control characters."""
    monkeypatch.setattr("notarykit.net.client.HttpClient.wait_to_retry", lambda *_: None)
    _prepared(fulcio_ca, members, status)
    error = _refused(scene, config, reason)
    assert type(error) is kind
    assert error.one_line().isprintable()


def test_embedded_proof_of_a_log_is_as_good(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """Where a transparency log is in use, the certificate comes under another name."""

    def changed(seen: Seen, reply: Reply) -> Reply:
        members = json.loads(reply.body)
        held = {"signedCertificateEmbeddedSct": {"chain": members["signedCertificateDetachedSct"]["chain"]}}
        return reply._replace(body=json.dumps(held).encode()).with_header("Content-Length", None)

    fulcio_ca.changes[_CERT] = changed
    scene.sign(KEY_ID, config)


def test_request_has_the_token_and_no_key(scene: Scene, config: dict[str, str], fulcio_ca: Fulcio) -> None:
    """The server gets the token, and a request for a certificate that has neither names nor a private key."""
    leaf = scene.sign(KEY_ID, config).chain.leaf
    (seen,) = (each for each in fulcio_ca.seen if each.path == _CERT)
    members = json.loads(seen.body)
    assert members["credentials"] == {"oidcIdentityToken": scene.token_file.read_text()}
    assert set(members) == {"credentials", "certificateSigningRequest"}
    request = x509.load_pem_x509_csr(base64.b64decode(members["certificateSigningRequest"]))
    assert (list(request.subject), list(request.extensions)) == ([], [])
    assert request.public_key() == leaf.public_key()
    assert SUBJECT in str(leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
