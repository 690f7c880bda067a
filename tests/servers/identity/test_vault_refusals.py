"""What Vault refuses, and what its certificates must not be, with the advice that helps."""

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginValidationError
from notarykit.keys.pem import read_certificates
from notarykit_identity.certificate import make_request
from notarykit_identity.identities import Identity, identity_of
from tests.servers.identity.issuer import AUDIENCE, SUBJECT, Issuer, Signer, claims_of
from tests.servers.identity.scene import Scene
from tests.servers.identity.vault_ca import ROLE, VaultCA
from tests.servers.vault.server import RefusedError


def _refused(scene: Scene, authority: VaultCA, reason: str, key_id: str = "", **config: str) -> PluginError:
    with pytest.raises(PluginError, match=reason) as caught:
        scene.sign(key_id or authority.key_id, scene.for_vault(authority) | config)
    text = caught.value.one_line()
    assert scene.token_file.read_text() not in text
    assert "eyJ" not in text
    return caught.value


@pytest.mark.parametrize(
    ("changes", "reason", "advice"),
    [
        ({"key_usage": "DigitalSignature,KeyAgreement"}, "keyUsage has keyAgreement", "key_usage=DigitalSignature"),
        ({"key_usage": []}, "keyUsage", "key_usage=DigitalSignature"),
        ({"client_flag": True}, "extendedKeyUsage has clientAuth", "client_flag=false"),
        ({"email_protection_flag": True}, "extendedKeyUsage has emailProtection", "email_protection_flag=false"),
        ({"allowed_uri_sans": "https://other.example#*"}, "URI Subject Alternative", "allowed_uri_sans=ISSUER#"),
        ({"require_cn": True}, "common_name", "require_cn=false"),
        ({"generate_lease": True}, "will revoke the certificate", "generate_lease=false"),
        ({"key_type": "rsa", "key_bits": 2048}, "role requires keys of type rsa", "key_type=any"),
    ],
)
def test_role_that_does_not_fit_is_told_apart(
    scene: Scene, own_vault_ca: VaultCA, changes: dict[str, Any], reason: str, advice: str
) -> None:
    """A role with another default has its certificate refused, and the advice names its parameter."""
    own_vault_ca.write_role(**changes)
    error = _refused(scene, own_vault_ca, reason)
    assert advice in (error.advice or "")


@pytest.mark.parametrize("spec", ["EC-384", "EC-521", "RSA-2048", "RSA-3072"])
def test_other_keys_are_certified(scene: Scene, session_vault_ca: VaultCA, spec: str) -> None:
    """The key's spec is the user's choice, as far as the role allows it."""
    content = scene.sign(session_vault_ca.key_id, scene.for_vault(session_vault_ca) | {"key_spec": spec})
    assert content.chain.key_spec.name == spec


def test_every_signature_has_its_own_key(scene: Scene, session_vault_ca: VaultCA) -> None:
    """No key is used twice."""
    config = scene.for_vault(session_vault_ca)
    first, second = (scene.sign(session_vault_ca.key_id, config).chain for _ in range(2))
    assert first.public_key != second.public_key


def test_nobody_gets_the_certificate_of_another(scene: Scene, session_vault_ca: VaultCA) -> None:
    """Vault issues for the subject that logged in, whatever the request names."""
    error = _refused(scene, session_vault_ca, "Vault refused to issue", subject="repo:acme/other:ref:refs/heads/main")
    assert isinstance(error, PluginValidationError)


def test_certificate_for_another_identity_is_refused(scene: Scene, own_vault_ca: VaultCA) -> None:
    """A role that writes another identity than the token's is found out."""
    own_vault_ca.write_role(allowed_uri_sans="*", use_csr_sans=False)
    scene.sign(own_vault_ca.key_id, scene.for_vault(own_vault_ca))
    own_vault_ca.write_role(allowed_uri_sans="", use_csr_sans=False)
    _refused(scene, own_vault_ca, "URI Subject Alternative")


def test_root_is_pinned(scene: Scene, session_vault_ca: VaultCA, own_vault_ca: VaultCA) -> None:
    """A chain with another root than the one that is named is refused."""
    root = scene.folder / "root.pem"
    root.write_bytes(session_vault_ca.chain.pems[0])
    scene.sign(session_vault_ca.key_id, scene.for_vault(session_vault_ca) | {"root": str(root)})
    _refused(scene, own_vault_ca, "does not end with the certificate in", root=str(root))


@pytest.mark.parametrize(
    ("claims", "config", "reason"),
    [
        ({"aud": "https://api.example"}, {}, "is for 'https://api.example'"),
        ({"aud": "other"}, {"audience": "other"}, "refused the token .*audience"),
        ({"exp": 1}, {}, "expired [0-9]+ seconds ago"),
        ({"iss": "https://other.example"}, {}, "refused the token of https://other.example"),
        ({}, {"issuer": "https://other.example"}, "not of 'https://other.example'"),
        ({}, {"auth_role": "nowhere"}, "refused the token"),
        ({}, {"auth_mount": "nowhere"}, "refused the token|has nothing at auth/nowhere"),
    ],
)
def test_token_that_does_not_fit_is_refused(
    scene: Scene, session_vault_ca: VaultCA, claims: dict[str, Any], config: dict[str, str], reason: str
) -> None:
    """By us where that can be seen, and else by Vault, whose words are quoted without the token."""
    scene.write_token(**claims)
    error = _refused(scene, session_vault_ca, reason, **config)
    assert isinstance(error, PluginAccessDeniedError | PluginValidationError)
    assert error.advice


def test_forged_token_is_refused(scene: Scene, session_vault_ca: VaultCA, issuer: Issuer) -> None:
    """A token of another key is Vault's to refuse."""
    scene.write_token(Signer().sign(claims_of(issuer.url)))
    assert isinstance(_refused(scene, session_vault_ca, "refused the token"), PluginAccessDeniedError)


@pytest.mark.parametrize(
    ("key_id", "reason", "advice"),
    [
        ("vault:{mount}/other", "lacks the capability update", 'path "{mount}/sign/other"'),
        ("vault:nowhere/build", "lacks the capability update", 'path "nowhere/sign/build"'),
    ],
)
def test_role_that_is_not_allowed_is_named(
    scene: Scene, session_vault_ca: VaultCA, key_id: str, reason: str, advice: str
) -> None:
    """The advice has the line that the policy needs."""
    mount = session_vault_ca.mount
    error = _refused(scene, session_vault_ca, reason, key_id.format(mount=mount))
    assert advice.format(mount=mount) in (error.advice or "")


def test_role_that_does_not_exist_is_named(scene: Scene, own_vault_ca: VaultCA) -> None:
    """A role that the policy allows and that is not there."""
    mount = own_vault_ca.mount
    own_vault_ca.server.allow(mount, f'path "{mount}/sign/*" {{ capabilities = ["update"] }}')
    error = _refused(scene, own_vault_ca, "unknown role", f"vault:{mount}/other")
    assert "list" in (error.advice or "")


def test_audience_is_in_the_login(scene: Scene, session_vault_ca: VaultCA) -> None:
    """The address is the audience where none is set."""
    config = {name: value for name, value in scene.for_vault(session_vault_ca).items() if name != "audience"}
    with pytest.raises(PluginAccessDeniedError, match=f"is for '{AUDIENCE}'") as caught:
        scene.sign(session_vault_ca.key_id, config)
    assert session_vault_ca.server.tls_url in (caught.value.advice or "")


def test_server_that_is_not_trusted_gets_no_token(scene: Scene, session_vault_ca: VaultCA) -> None:
    """Without the server's CA, and where nobody answers, the error says what to check."""
    config = {name: value for name, value in scene.for_vault(session_vault_ca).items() if name != "tls_ca"}
    with pytest.raises(PluginError, match="certificate") as caught:
        scene.sign(session_vault_ca.key_id, config)
    assert "tls_ca" in (caught.value.advice or "")
    _refused(scene, session_vault_ca, "http:// URL", address=session_vault_ca.server.url)
    _refused(scene, session_vault_ca, "nowhere.pem", tls_ca=str(scene.folder / "nowhere.pem"))
    plain = {"address": session_vault_ca.server.url, "plain_http": "true"}
    scene.sign(session_vault_ca.key_id, scene.for_vault(session_vault_ca) | plain)


@pytest.mark.parametrize(
    "body",
    [
        {"common_name": SUBJECT},
        {"common_name": "acme.example"},
        {"uri_sans": ["https://issuer.example#other"]},
        {"uri_sans": ["{own}", "https://issuer.example#other"]},
        {"alt_names": "acme.example"},
        {"alt_names": "build@acme.example"},
        {"ip_sans": "127.0.0.1"},
        {"other_sans": "1.3.6.1.4.1.57264.1.7;utf8:other"},
        {"serial_number": "4711"},
    ],
)
def test_role_lets_nobody_choose_a_name(scene: Scene, own_vault_ca: VaultCA, body: dict[str, Any]) -> None:
    """Whoever logs in and writes requests by hand gets no other name into a certificate than the login's own."""
    server, mount = own_vault_ca.server, own_vault_ca.mount
    token = server.ask("POST", f"auth/{mount}/login", {"jwt": scene.issuer.token()})["auth"]["client_token"]
    key = ec.generate_private_key(ec.SECP256R1())
    own = Identity(own_vault_ca.issuer, SUBJECT)
    good = {"csr": make_request(key, "EC-256", own), "ttl": "1m"}
    server.ask("POST", f"{mount}/sign/{ROLE}", good, token)
    bare = good | {"csr": make_request(key, "EC-256"), "use_csr_sans": False}
    names = body | ({"uri_sans": [own.uri, body["uri_sans"][-1]]} if len(body.get("uri_sans", ())) > 1 else {})
    own_vault_ca.write_role(use_csr_sans=False)
    with pytest.raises(RefusedError):
        server.ask("POST", f"{mount}/sign/{ROLE}", bare | names, token)
    with pytest.raises(RefusedError):
        server.ask("POST", f"{mount}/sign-verbatim/{ROLE}", good, token)


def _issued(authority: VaultCA, token: str, subject: str) -> bool:
    """Returns whether a login with a token gets a certificate that names a subject, by requests written by hand."""
    server, mount = authority.server, authority.mount
    body = {"csr": make_request(ec.generate_private_key(ec.SECP256R1()), "EC-256", Identity(authority.issuer, subject))}
    try:
        login = server.ask("POST", f"auth/{mount}/login", {"jwt": token})["auth"]["client_token"]
        server.ask("POST", f"{mount}/sign/{ROLE}", body, login)
    except RefusedError:
        return False
    return True


def test_documented_binding_is_needed(own_vault_ca: VaultCA, issuer: Issuer) -> None:
    """Vault takes subjects that differ in case for one, a star for anything, and escapes for what they stand for.

    Unless the login is bound to one.
    """
    assert _issued(own_vault_ca, issuer.token(), SUBJECT)
    others = {SUBJECT.upper(): SUBJECT, "repo:acme/*": "repo:acme/other", "auth0%7C4": "auth0|4"}
    assert all(_issued(own_vault_ca, issuer.token(sub=login), named) for login, named in others.items())
    own_vault_ca.write_login(bound_subject=SUBJECT)
    assert _issued(own_vault_ca, issuer.token(), SUBJECT)
    assert not any(_issued(own_vault_ca, issuer.token(sub=login), named) for login, named in others.items())


def test_email_address_that_looks_like_an_identity_is_none(own_vault_ca: VaultCA, issuer: Issuer) -> None:
    """Vault compares the domain of an email address alone, and lets the rest be another issuer."""
    own_vault_ca.write_role(allowed_domains="acme.example", allow_bare_domains=True)
    server, mount = own_vault_ca.server, own_vault_ca.mount
    login = server.ask("POST", f"auth/{mount}/login", {"jwt": issuer.token()})["auth"]["client_token"]
    name = x509.SubjectAlternativeName([x509.RFC822Name("https://other.example#build@acme.example")])
    builder = x509.CertificateSigningRequestBuilder(x509.Name([])).add_extension(name, critical=False)
    request = builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.PEM)
    issued = server.ask("POST", f"{mount}/sign/{ROLE}", {"csr": request.decode()}, login)["data"]["certificate"]
    with pytest.raises(ValueError, match="its name is no URI"):
        identity_of(read_certificates(issued.encode(), "certificate")[0])
