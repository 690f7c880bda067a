"""Issuers: discovery, keys, and tokens that a service gives out, with prepared answers."""

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from notarykit.errors import NotarykitError, PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit_identity.address import split_address
from notarykit_identity.issuer import check_signature, discover
from notarykit_identity.token import IdentityToken
from notarykit_identity.token_request import get_token
from notarykit_identity.token_source import TokenSource
from tests.servers.identity.answers import Answers
from tests.servers.identity.issuer import AUDIENCE, SUBJECT, Signer, claims_of, encode

_ISSUER = "https://issuer.example/tenant"
_DISCOVERY, _KEYS, _ENDPOINT = "/tenant/.well-known/openid-configuration", "/keys", "/token"
_SIGNER, _RSA = Signer(), Signer(is_rsa=True)
_SOURCE = TokenSource("file", tls_ca="ca.pem")
_MEMBERS = {
    "issuer": _ISSUER,
    "jwks_uri": f"https://keys.example{_KEYS}",
    "token_endpoint": f"https://token.example{_ENDPOINT}",
}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """The issuer."""
    token = {"id_token": _SIGNER.sign(claims_of(_ISSUER)), "access_token": "opaque"}
    keys = {"keys": [_RSA.jwk | {"kid": "r"}, _SIGNER.jwk]}
    found = Answers({_DISCOVERY: (200, _MEMBERS), _KEYS: (200, keys), _ENDPOINT: (200, token)})
    for module in ("issuer", "token_request"):
        monkeypatch.setattr(f"notarykit_identity.{module}.ServiceClient", found)
    return found


def _token(text: str = "") -> IdentityToken:
    return IdentityToken(text or _SIGNER.sign(claims_of(_ISSUER)), "the token")


def test_configuration_is_the_issuer_s_own(answers: Answers) -> None:
    """It is at the issuer's address, with its CA, and names its keys and endpoint."""
    assert discover(_ISSUER, _SOURCE) == tuple(_MEMBERS.values())
    assert answers.opened == [
        (
            "https://issuer.example",
            {"ca_file": "ca.pem", "is_plain_allowed": False, "advice": answers.opened[0][1]["advice"]},
        )
    ]
    answers.replies[_DISCOVERY] = 200, {"issuer": _ISSUER, "jwks_uri": None}
    assert discover(_ISSUER, _SOURCE) == (_ISSUER, "", "")


@pytest.mark.parametrize(
    ("status", "members", "reason"),
    [
        (200, {"issuer": f"{_ISSUER}/"}, "is of the issuer"),
        (200, {"issuer": "https://issuer.example"}, "is of the issuer"),
        (200, {"issuer": [_ISSUER]}, "is of the issuer"),
        (200, {"jwks_uri": "http://keys.example"}, "jwks_uri is an http:// URL of another machine"),
        (200, {"jwks_uri": 7}, "jwks_uri is not an https:// URL"),
        (200, {"token_endpoint": "file:///etc/passwd"}, "token_endpoint is not an https:// URL"),
        (200, {"token_endpoint": "http://127.0.0.1/"}, "token_endpoint is an http:// URL"),
        (404, {}, "is not at https://issuer.example/tenant/.well-known/openid-configuration: status 404"),
    ],
)
def test_configuration_that_leads_astray(answers: Answers, status: int, members: dict[str, Any], reason: str) -> None:
    """Another issuer's, and one that leads away from TLS, are refused."""
    answers.replies[_DISCOVERY] = status, _MEMBERS | members
    with pytest.raises(PluginError, match=reason):
        discover(_ISSUER, _SOURCE)


@pytest.mark.parametrize("content", [b"", b"[]", b'"a"', b"[" * 100_000, b"\xff"])
def test_configuration_that_is_none(answers: Answers, content: bytes) -> None:
    """What is no object is malformed."""
    answers.replies[_DISCOVERY] = 200, content
    with pytest.raises(PluginError, match=r"is malformed$"):
        discover(_ISSUER, _SOURCE)


@pytest.mark.parametrize("issuer", ["issuer.example", "http://issuer.example", "ftp://issuer.example", ""])
def test_issuer_without_tls_is_not_asked(answers: Answers, issuer: str) -> None:
    """The issuer itself must be an https URL."""
    with pytest.raises(PluginValidationError, match=r"^issuer is"):
        discover(issuer, _SOURCE)
    assert answers.sent == []


def test_signature_is_that_of_a_published_key(answers: Answers) -> None:
    """Keys of either kind are found, by their name or without one; another key's signature is forged."""
    check_signature(_token(), _SOURCE)
    answers.replies[_KEYS] = 200, {"keys": [_RSA.jwk]}
    check_signature(_token(_RSA.sign(claims_of(_ISSUER))), _SOURCE)
    for text in (Signer(is_rsa=True).sign(claims_of(_ISSUER)), _SIGNER.sign(claims_of(_ISSUER))):
        with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
            check_signature(_token(text), _SOURCE)
    answers.replies[_KEYS] = 200, {"keys": [_SIGNER.jwk | {"kid": "2"}]}
    with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
        check_signature(_token(), _SOURCE)


def _by(key: ec.EllipticCurvePrivateKey, algorithm: str, digest: hashes.HashAlgorithm, size: int) -> str:
    signed = ".".join(encode(json.dumps(each).encode()) for each in ({"alg": algorithm}, claims_of(_ISSUER)))
    halves = utils.decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(digest)))
    return f"{signed}.{encode(b''.join(each.to_bytes(size, 'big') for each in halves))}"


@pytest.mark.parametrize(
    ("algorithm", "curve", "name", "digest", "size"),
    [
        ("ES384", ec.SECP384R1(), "P-384", hashes.SHA384(), 48),
        ("ES512", ec.SECP521R1(), "P-521", hashes.SHA512(), 66),
    ],
)
def test_other_curves(
    answers: Answers, algorithm: str, curve: ec.EllipticCurve, name: str, digest: hashes.HashAlgorithm, size: int
) -> None:
    """The curve of the key must be the algorithm's, and both halves of the signature have its length."""
    key = ec.generate_private_key(curve)
    numbers = key.public_key().public_numbers()
    jwk = {"crv": name, "x": encode(numbers.x.to_bytes(size, "big")), "y": encode(numbers.y.to_bytes(size, "big"))}
    answers.replies[_KEYS] = 200, {"keys": [jwk]}
    check_signature(_token(_by(key, algorithm, digest, size)), _SOURCE)
    with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
        check_signature(_token(_by(key, algorithm, digest, size + 1)), _SOURCE)
    answers.replies[_KEYS] = 200, {"keys": [jwk | {"crv": "P-256"}]}
    with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
        check_signature(_token(_by(key, algorithm, digest, size)), _SOURCE)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b'{"alg": "none"}', "'none', which is not supported"),
        (b'{"alg": "HS256"}', "'HS256', which is not supported"),
        (b'{"alg": ["ES256"]}', "which is not supported"),
        (b"{}", "malformed header"),
        (b"[]", "malformed header"),
        (b"[" * 5000, "malformed header"),
        (b"\xff", "malformed header"),
    ],
)
def test_header_of_a_token_that_is_not_signed_well(answers: Answers, header: bytes, reason: str) -> None:
    """Whatever the header says is an error of the token."""
    assert answers.sent == []
    text = f"{encode(header)}.{encode(json.dumps(claims_of(_ISSUER)).encode())}.eA"
    with pytest.raises(PluginError, match=reason):
        check_signature(_token(text), _SOURCE)


@pytest.mark.parametrize("keys", [None, 7, {}, [7], [{}], [{"kid": "1", "crv": "P-256", "x": "", "y": "!"}]])
def test_keys_that_are_none(answers: Answers, keys: Any) -> None:
    """Malformed keys made no signature."""
    answers.replies[_KEYS] = 200, {"keys": keys}
    with pytest.raises(PluginAccessDeniedError, match="none of the keys"):
        check_signature(_token(), _SOURCE)


@pytest.fixture
def client(tmp_path: Any) -> TokenSource:
    """A client of the issuer."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret:/\n")
    return _SOURCE._replace(kind="client-credentials", client_id="a b", secret_file=str(secret))


def test_client_gets_a_token(answers: Answers, client: TokenSource) -> None:
    """An ID token comes first, an access token stands in for it; the secret is in the header alone."""
    assert get_token(client, AUDIENCE, _ISSUER).subject == SUBJECT
    path, body, headers = answers.sent[1]
    assert (path, answers.opened[1][0]) == (_ENDPOINT, "https://token.example")
    assert body == f"grant_type=client_credentials&audience={AUDIENCE}".encode()
    assert headers["Authorization"] == f"Basic {base64.b64encode(b'a%20b:s3cret%3A%2F').decode()}"
    answers.replies[_ENDPOINT] = 200, {"access_token": _SIGNER.sign(claims_of(_ISSUER, sub="other"))}
    assert get_token(client._replace(scope="x"), AUDIENCE, _ISSUER).subject == "other"
    assert answers.sent[-1][1].endswith(b"&scope=x")


@pytest.mark.parametrize(("status", "reason"), [(401, "refused the client: status 401"), (200, "returned no token")])
def test_client_gets_none(answers: Answers, client: TokenSource, status: int, reason: str) -> None:
    """A refusal shows no secret."""
    answers.replies[_ENDPOINT] = status, {"error": "s3cret:/"}
    with pytest.raises(PluginError, match=reason) as caught:
        get_token(client, AUDIENCE, _ISSUER)
    assert "s3cret" not in caught.value.one_line()


@pytest.mark.parametrize(("query", "separator"), [("", "?"), ("?api=2", "&")])
def test_job_of_github(answers: Answers, monkeypatch: pytest.MonkeyPatch, query: str, separator: str) -> None:
    """The audience is added to the URL of the runner, whether that has a query or not."""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"https://github.example/job{query}")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "bearer")
    path = f"/job{query}{separator}audience=https%3A%2F%2Fa%26b"
    answers.replies = {path: (200, {"value": _SIGNER.sign(claims_of(_ISSUER))})}
    source = _SOURCE._replace(kind="github")
    assert get_token(source, "https://a&b", None).subject == SUBJECT
    assert answers.sent[0][2]["Authorization"] == "Bearer bearer"
    for reply, reason in (((403, b""), "status 403"), ((200, {"value": 7}), "returned no token")):
        answers.replies = {path: reply}
        with pytest.raises(PluginError, match=reason):
            get_token(source, "https://a&b", None)
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "a\nb")
    with pytest.raises(NotarykitError, match="is not one line"):
        get_token(source, "https://a&b", None)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://a.example", ("https://a.example", "")),
        ("https://a.example/b?c#d", ("https://a.example", "/b?c")),
        ("https://a.example?b//c", ("https://a.example", "?b//c")),
        ("https://a.example#@b.example", ("https://a.example", "")),
        ("a", ("", "a")),
    ],
)
def test_address_is_split(url: str, parts: tuple[str, str]) -> None:
    """The origin ends where the path, the query or the fragment begins."""
    assert split_address(url) == parts
