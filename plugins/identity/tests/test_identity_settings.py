"""Plugin configuration: what it needs, what it refuses, and that it never holds a token."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from notarykit.errors import NotarykitError, PluginAccessDeniedError, PluginValidationError
from notarykit.plugin import DescribeKeyRequest
from notarykit_identity.plugin import IdentityPlugin
from notarykit_identity.settings import Settings, parse_settings
from notarykit_identity.token_request import get_token
from notarykit_identity.token_source import TokenSource
from tests.servers.identity.issuer import Signer, claims_of
from tests.support.ca import make_chain

_ROOT = make_chain().pems[-1]
_TOKEN = Signer().sign(claims_of("https://issuer.example"))


@pytest.fixture
def usual(tmp_path: Path) -> dict[str, str]:
    """The settings that a key needs."""
    root = tmp_path / "tsa.pem"
    root.write_bytes(_ROOT)
    return {
        "address": "https://ca.example",
        "token_file": str(tmp_path / "token"),
        "timestamp_url": "http://tsa.example",
        "timestamp_root": str(root),
    }


def _parse(config: Mapping[str, str], key_id: str = "fulcio", **environment: str) -> Settings:
    return parse_settings(key_id, config, environment)


def test_defaults(usual: dict[str, str]) -> None:
    """What is not set has the value that most workloads need."""
    settings = _parse(usual)
    assert (settings.audience, settings.key_spec, settings.is_plugin_named) == ("sigstore", "EC-256", False)
    settings = _parse(usual, "vault:build")
    assert (settings.audience, settings.ttl, settings.auth_mount) == ("https://ca.example", "10m", "jwt")
    assert settings.authority.url == usual["timestamp_url"]


@pytest.mark.parametrize("address", ["http://localhost:1", "http://127.0.0.2", "http://[::1]:1/a", "http://LOCALHOST"])
def test_plain_addresses_of_this_machine_may_be_allowed(usual: dict[str, str], address: str) -> None:
    """For tests, and nowhere else."""
    assert _parse(usual | {"address": address, "plain_http": "true"}).server == (address, "", True)


def test_password_in_an_address_is_not_shown(usual: dict[str, str]) -> None:
    """It is refused before the address becomes an audience, which messages name."""
    with pytest.raises(PluginValidationError) as caught:
        _parse(usual | {"address": "https://user:swordfish@ca.example"}, "vault:build")
    assert "swordfish" not in caught.value.one_line()


def test_vault_variables_are_used(usual: dict[str, str], tmp_path: Path) -> None:
    """Vault's own variables name the server, its CA and the namespace, where the configuration does not."""
    variables = {"VAULT_ADDR": "https://vault.example/", "VAULT_CACERT": "ca.pem", "VAULT_NAMESPACE": "team/"}
    config = {name: value for name, value in usual.items() if name != "address"}
    settings = _parse(config, "vault:build", **variables)
    assert settings.server.address == "https://vault.example"
    assert (settings.server.tls_ca, settings.namespace) == ("ca.pem", "team")
    assert _parse(usual, "vault:build", **variables).server.address == "https://ca.example"
    with pytest.raises(PluginValidationError, match="address of the certificate authority is not set"):
        _parse(config, "fulcio", **variables)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"adress": "x"}, "unknown plugin configuration 'adress'"),
        ({"ttl": "10m"}, "'ttl' does not apply to the key id fulcio"),
        ({"namespace": "a"}, "'namespace' does not apply"),
        ({"address": None}, "address of the certificate authority is not set"),
        ({"address": "ca.example"}, "is not an https:// URL"),
        ({"address": "http://ca.example"}, "of another machine"),
        ({"address": "http://ca.example", "plain_http": "true"}, "of another machine"),
        ({"address": "http://127.0.0.1:1"}, "address is an http:// URL"),
        ({"address": "http://127.0.0.1.example", "plain_http": "true"}, "of another machine"),
        ({"address": "http://127.999.1.1", "plain_http": "true"}, "of another machine"),
        ({"address": "http://[", "plain_http": "true"}, "of another machine"),
        ({"address": "http://", "plain_http": "true"}, "of another machine"),
        ({"address": "https://user:pw@ca.example"}, "address has a user name or a password"),
        ({"address": "http://evil.example\\@127.0.0.1", "plain_http": "true"}, "has a user name"),
        ({"plain_http": "yes"}, "must be true or false"),
        ({"verification_plugin": "1"}, "must be true or false"),
        ({"key_spec": "EC-224"}, "is no key spec"),
        ({"token_file": None}, "does not say where the identity token comes from"),
        ({"token_variable": "A"}, "has both token_file and token_variable"),
        ({"token_source": "jenkins"}, "is not known"),
        ({"token_source": "github"}, "does not go with token_file"),
        ({"token_source": "gitlab"}, "does not go with token_file"),
        ({"token_source": "kubernetes", "token_variable": "A"}, "does not go with token_variable"),
        ({"token_file": None, "token_variable": "A-B"}, "is not the name of a variable"),
        ({"token_file": None, "token_source": "client-credentials"}, "requires issuer, client_id"),
        ({"client_id": "x"}, "applies to token_source=client-credentials alone"),
        ({"timestamp_url": None}, "a timestamp is needed"),
        ({"timestamp_root": None}, "a timestamp is needed"),
        ({"timestamp_url": "tsa.example"}, "timestamp_url is not"),
        ({"subject": "a\udc80"}, "subject='a.udc80' is not printable"),
        ({"audience": "a\nb"}, "audience='a.nb' is not printable"),
    ],
)
def test_wrong_settings_are_refused(usual: dict[str, str], changes: Mapping[str, str | None], reason: str) -> None:
    """Each slip has an error that names it, with advice or without."""
    config: dict[str, Any] = {**usual, **changes}
    with pytest.raises(PluginValidationError, match=reason):
        _parse({name: value for name, value in config.items() if value is not None})


@pytest.mark.parametrize(
    ("name", "value"), [("ttl", "1d"), ("ttl", "0"), ("auth_mount", "../sys"), ("auth_role", ""), ("namespace", "a\nb")]
)
def test_wrong_settings_of_vault_are_refused(usual: dict[str, str], name: str, value: str) -> None:
    """Names that would lead to another path, and times that Vault would not read, are refused."""
    form = "a number of seconds" if name == "ttl" else "a name in Vault"
    with pytest.raises(PluginValidationError, match=f"plugin configuration {name}=.* is not {form}"):
        _parse(usual | {name: value}, "vault:build")


def test_skipping_tls_is_refused(usual: dict[str, str]) -> None:
    """No token goes to a server that nobody verified."""
    with pytest.raises(PluginValidationError, match="VAULT_SKIP_VERIFY"):
        _parse(usual, "vault:build", VAULT_SKIP_VERIFY="true")
    for value in ("", "0", "f", "False"):
        _parse(usual, "vault:build", VAULT_SKIP_VERIFY=value)


def test_variables_of_vault_are_for_vault_alone(usual: dict[str, str]) -> None:
    """Another authority's server is not verified by Vault's CA, nor refused for Vault's sake."""
    variables = {"VAULT_CACERT": "ca.pem", "VAULT_SKIP_VERIFY": "true", "VAULT_NAMESPACE": "team"}
    settings = _parse(usual, "fulcio", **variables)
    assert (settings.server.tls_ca, settings.namespace) == ("", "")


@pytest.mark.parametrize("name", ["token_file", "token_variable", "token_source", "audience", "subject", "client_id"])
def test_token_as_setting_is_refused_and_not_shown(usual: dict[str, str], name: str) -> None:
    """Settings are stored and shown by hosts, so that a token there is a leak."""
    with pytest.raises(PluginValidationError) as caught:
        _parse(usual | {name: _TOKEN})
    assert "is a secret" in caught.value.message
    assert _TOKEN not in caught.value.one_line()


@pytest.mark.parametrize(("content", "reason"), [(b"", "no certificate|empty"), (_ROOT * 2, "1|2 certificates")])
def test_root_of_the_timestamp_authority_is_one(usual: dict[str, str], content: bytes, reason: str) -> None:
    """A wrong file is found before a certificate is issued."""
    with open(usual["timestamp_root"], "wb") as file:
        file.write(content + (make_chain().pems[-1] if content else b""))
    with pytest.raises(NotarykitError, match=reason):
        _parse(usual)


def test_no_key_is_opened() -> None:
    """A certificate cannot be requested beforehand."""
    with pytest.raises(PluginValidationError, match="made for one signature each"):
        IdentityPlugin().open_key("fulcio", {})


def test_sources_have_their_defaults(usual: dict[str, str]) -> None:
    """Kubernetes has a path, and GitLab the variable of the protocol."""
    config = {name: value for name, value in usual.items() if name != "token_file"}
    assert _parse(config | {"token_source": "kubernetes"}).source.place == "/var/run/secrets/notarykit/token"
    gitlab = config | {"token_source": "gitlab"}
    assert _parse(gitlab).source.place == "SIGSTORE_ID_TOKEN"
    assert _parse(gitlab, "vault:build").source.place == "VAULT_ID_TOKEN"
    assert _parse(gitlab | {"token_variable": "MINE"}).source.place == "MINE"


def test_source_issuer_and_subject_are_those_that_are_set(usual: dict[str, str]) -> None:
    """A file is no variable, and what is not set is any."""
    settings = _parse(usual)
    assert (settings.source.kind, settings.source.place) == ("file", usual["token_file"])
    assert (settings.issuer, settings.subject) == (None, None)
    config = {name: value for name, value in usual.items() if name != "token_file"}
    settings = _parse(config | {"token_variable": "MINE", "issuer": "https://issuer.example", "subject": "a"})
    assert (settings.source.kind, settings.source.place) == ("variable", "MINE")
    assert (settings.issuer, settings.subject) == ("https://issuer.example", "a")


def test_key_spec_is_known_without_a_request() -> None:
    """describe-key asks nobody: the address need not even be set."""
    for spec in ("EC-384", "RSA-3072"):
        assert IdentityPlugin().describe_key(DescribeKeyRequest("fulcio", {"key_spec": spec})).key_spec == spec


def _get(source: TokenSource) -> str:
    return get_token(source, "sigstore", None).reveal()


def test_file_and_variable_are_read_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that was replaced is the one that is sent; blanks and marks around it are not part of it."""
    file = tmp_path / "token"
    file.write_bytes(b"\xef\xbb\xbf" + _TOKEN.encode() + b"\n")
    assert _get(TokenSource("file", str(file))) == _TOKEN
    other = Signer().sign(claims_of("https://other.example"))
    file.write_text(other)
    assert _get(TokenSource("kubernetes", str(file))) == other
    monkeypatch.setenv("MY_TOKEN", f" {_TOKEN}\n")
    assert _get(TokenSource("variable", "MY_TOKEN")) == _TOKEN


def test_file_of_a_projected_volume_is_read(tmp_path: Path) -> None:
    """The kubelet puts a link to a link into the pod, and exchanges the folder behind both."""
    for number in ("1", "2"):
        (tmp_path / number).mkdir()
        (tmp_path / number / "token").write_text(Signer().sign(claims_of(f"https://issuer{number}.example")))
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "token").symlink_to("..data/token")
    source = TokenSource("kubernetes", str(tmp_path / "token"))
    assert get_token(source, "sigstore", None).issuer == "https://issuer1.example"
    (tmp_path / "new").symlink_to("2")
    (tmp_path / "new").replace(tmp_path / "..data")
    assert get_token(source, "sigstore", None).issuer == "https://issuer2.example"


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"a\x00b", "tökén".encode(), b"x" * 40_000])
def test_file_without_a_token_is_refused(tmp_path: Path, content: bytes) -> None:
    """What cannot be a token is named by its file, and not shown."""
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(PluginAccessDeniedError, match=str(file)) as caught:
        _get(TokenSource("file", str(file)))
    assert "words" not in caught.value.one_line()


def test_missing_sources_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or variable that is not there is named; GitHub's job needs a permission."""
    with pytest.raises(NotarykitError, match="nowhere"):
        _get(TokenSource("file", str(tmp_path / "nowhere")))
    monkeypatch.delenv("ACTIONS_ID_TOKEN_REQUEST_URL", raising=False)
    with pytest.raises(PluginAccessDeniedError, match=r"\$MY_TOKEN is not set"):
        _get(TokenSource("variable", "MY_TOKEN"))
    with pytest.raises(PluginAccessDeniedError) as caught:
        _get(TokenSource("github"))
    assert "id-token: write" in (caught.value.advice or "")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", "http://github.example/token?a=b")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "secret")
    with pytest.raises(PluginValidationError, match="of another machine"):
        _get(TokenSource("github"))


@pytest.mark.parametrize(
    ("kind", "expiry", "audience"),
    [
        ("gitlab", "sign earlier in the job", "id_tokens: PLACE: aud: ours"),
        ("kubernetes", "kubelet", "serviceAccountToken with audience: ours"),
        ("file", "get a new one", "request a token for the audience ours"),
    ],
)
def test_advice_is_for_the_source(kind: str, expiry: str, audience: str) -> None:
    """Who signs has to change something where the token is made."""
    source = TokenSource(kind, "PLACE")
    assert expiry in source.expiry_advice
    assert audience in source.audience_advice("ours")


def test_variable_that_is_not_set_has_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty one counts as not set."""
    monkeypatch.setenv("MY_TOKEN", "")
    with pytest.raises(PluginAccessDeniedError, match="is not set") as caught:
        _get(TokenSource("variable", "MY_TOKEN"))
    assert caught.value.advice == "set it, or name another source"
