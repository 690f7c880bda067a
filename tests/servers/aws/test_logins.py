"""Logins by the SDK's ways, and credentials that are shown nowhere."""

import io
import json
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from boto3.session import Session  # type: ignore[import-untyped]

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginTimeoutError, PluginValidationError
from notarykit.plugin.discovery.process import run
from notarykit.plugin.time_limit import deadline
from notarykit_aws_kms.plugin import AWSKMSPlugin
from tests.servers.aws.service import ACCESS_KEY, REGION, SECRET_KEY, HeldKey, Service, describe, sign
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import Exchange, FaultProxy
from tests.servers.registry.faults import status
from tests.servers.registry.http_server import Seen

_SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN"
_PROFILE_SECRET = "profile/secret/EXAMPLE"
_ASSUMED_SECRETS = ("assumed-secret-EXAMPLE", "assumed-token-EXAMPLE")
_ROLE = "arn:aws:iam::123456789012:role/signer"
_ASSUMED = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAASSUMED</AccessKeyId><SecretAccessKey>{_ASSUMED_SECRETS[0]}</SecretAccessKey>
<SessionToken>{_ASSUMED_SECRETS[1]}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
<AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>{_ROLE}/b</Arn></AssumedRoleUser></AssumeRoleResult>
<ResponseMetadata><RequestId>sts-42</RequestId></ResponseMetadata></AssumeRoleResponse>"""


@pytest.fixture
def key(moto: Service) -> HeldKey:
    """Returns a key of moto's service."""
    return moto.key()


@pytest.fixture
def proxy(moto: Service, fault_proxy: FaultProxies) -> FaultProxy:
    """Returns a fault proxy in front of moto's service."""
    return fault_proxy(moto.url.removeprefix("http://"))


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Yields the log of all loggers at the level DEBUG."""
    written = io.StringIO()
    handler, root = logging.StreamHandler(written), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield written
    root.setLevel(before)
    root.removeHandler(handler)


def _write_profile(name: str, **settings: str) -> None:
    """Adds a profile to the AWS configuration."""
    lines = [f"[profile {name}]", *(f"{key} = {value}" for key, value in settings.items()), ""]
    with open(os.environ["AWS_CONFIG_FILE"], "a", encoding="utf-8") as file:
        file.write("\n".join(lines))


def _write_signer(name: str = "signer") -> None:
    _write_profile(name, aws_access_key_id="AKIASIGNER", aws_secret_access_key=_PROFILE_SECRET, region=REGION)


def _write_role(sts: str) -> None:
    _write_signer("source")
    _write_profile("role", role_arn=_ROLE, source_profile="source", region=REGION, services="local")
    with open(os.environ["AWS_CONFIG_FILE"], "a", encoding="utf-8") as file:
        file.write(f"[services local]\nsts =\n  endpoint_url = {sts}\n")


def _is_sts(seen: Seen) -> bool:
    return b"AssumeRole" in seen.body


# Users


def test_configured_profile_signs(key: HeldKey, proxy: FaultProxy) -> None:
    """The configured profile has the credentials and the region."""
    _write_signer()
    config = {**key.config_with(endpoint=proxy.url, profile="signer")}
    del config["region"]
    sign(key, key.key_id, config)
    assert all("Credential=AKIASIGNER/" in str(seen.authorization) for seen in proxy.seen)
    assert all(f"/{REGION}/kms/" in str(seen.authorization) for seen in proxy.seen)


def test_profile_of_the_environment_signs(key: HeldKey, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a configured profile, the environment's is used."""
    _write_signer()
    monkeypatch.setenv("AWS_PROFILE", "signer")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    sign(key, config=key.config_with(endpoint=proxy.url))
    assert "Credential=AKIASIGNER/" in str(proxy.seen[-1].authorization)


def test_session_of_a_program(key: HeldKey, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that a program hands over signs with its own credentials and region, and its token is not shown."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    session = Session("AKIAPROGRAM", "secret", _SESSION_TOKEN, region_name=REGION)
    plugin, config = AWSKMSPlugin(session), key.config_with(endpoint=proxy.url)
    del config["region"]
    sign(key, key.key_id, config, plugin=plugin)
    assert all("Credential=AKIAPROGRAM/" in str(seen.authorization) for seen in proxy.seen)
    assert all(seen.headers["User-Agent"].startswith("Boto3/") for seen in proxy.seen)
    body = json.dumps({"__type": "AccessDeniedException", "message": f"not with {_SESSION_TOKEN}"}).encode()
    proxy.fault(status(400, body, Content_Type="application/x-amz-json-1.1"))
    with pytest.raises(PluginAccessDeniedError, match="not with …"):
        sign(key, key.key_id, config, plugin=plugin)


def test_role_is_assumed_once(key: HeldKey, proxy: FaultProxy) -> None:
    """A profile that assumes a role signs as that role, which is assumed once in a process."""
    rule = proxy.fault(status(200, _ASSUMED.encode(), Content_Type="text/xml"), _is_sts)
    _write_role(proxy.url)
    plugin = AWSKMSPlugin()
    for _ in range(2):
        sign(key, config=key.config_with(endpoint=proxy.url, profile="role"), plugin=plugin)
    assert rule.met == 1
    assert "Credential=ASIAASSUMED/" in str(proxy.seen[-1].authorization)


def test_refused_role_is_access_denied(key: HeldKey, proxy: FaultProxy) -> None:
    """A role that may not be assumed is reported as a matter of the role, not of the key."""
    body = (
        b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>User: me is not authorized to perform: "
        b"sts:AssumeRole</Message></Error><RequestId>sts-42</RequestId></ErrorResponse>"
    )
    proxy.fault(status(403, body, Content_Type="text/xml"), _is_sts)
    _write_role(proxy.url)
    with pytest.raises(PluginAccessDeniedError, match="is not authorized to perform: sts:AssumeRole") as caught:
        describe(key.arn, key.config_with(endpoint=proxy.url, profile="role"))
    assert "sts:AssumeRole" in caught.value.advice
    assert caught.value.metadata["requestId"] == "sts-42"


def test_missing_credentials_advise_to_log_in(key: HeldKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials, the advice says how to log in."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(PluginAccessDeniedError, match="no AWS credentials found") as caught:
        describe(key.arn, key.config)
    assert "aws sso login" in caught.value.advice


def test_missing_profile_is_named(key: HeldKey) -> None:
    """A profile that does not exist is named."""
    with pytest.raises(PluginValidationError, match="profile 'nobody' not found"):
        describe(key.arn, key.config_with(profile="nobody"))


def test_expired_single_sign_on_has_advice(key: HeldKey, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A profile of single sign-on without a session advises how to begin one."""
    monkeypatch.setenv("HOME", str(tmp_path))
    _write_profile(
        "sso", sso_start_url="https://example.awsapps.com/start", sso_region=REGION, sso_account_id="123456789012",
        sso_role_name="signer",
    )  # fmt: skip
    with pytest.raises(PluginAccessDeniedError, match=r"login to AWS failed: .*sso login") as caught:
        describe(key.arn, key.config_with(profile="sso"))
    assert "aws sso login" in caught.value.advice


# Secrets


def _texts(error: BaseException | None) -> str:
    """Returns the texts of an error and its causes."""
    texts = []
    while error is not None:
        texts += [repr(error), str(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def test_log_shows_no_credentials(
    key: HeldKey, proxy: FaultProxy, log: io.StringIO, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even at the level DEBUG is a secret logged, neither of a request nor of a response."""
    proxy.fault(status(200, _ASSUMED.encode(), Content_Type="text/xml"), _is_sts)
    _write_role(proxy.url)
    logging.getLogger("botocore").debug("another user of the SDK")
    sign(key, config=key.config_with(endpoint=proxy.url, profile="role"))
    shown = log.getvalue() + "".join(capfd.readouterr())
    assert "another user of the SDK" in shown
    for secret in (*_ASSUMED_SECRETS, _PROFILE_SECRET, SECRET_KEY):
        assert secret not in shown


@pytest.mark.parametrize("code", ["InvalidSignatureException", "SignatureDoesNotMatch", "SomethingNew"])
def test_quoting_refusal_is_not_shown(
    key: HeldKey, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, log: io.StringIO, code: str
) -> None:
    """The text of a refusal that may quote the request is not shown."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", _SESSION_TOKEN)
    text = f"The Canonical String should have been 'x-amz-security-token:{_SESSION_TOKEN}'"
    body = json.dumps({"__type": code, "message": text}).encode()
    proxy.fault(status(403, body, Content_Type="application/x-amz-json-1.1"))
    with pytest.raises(PluginError) as caught:
        describe(key.arn, key.config_with(endpoint=proxy.url))
    assert _SESSION_TOKEN in str(proxy.seen[0].headers)
    assert _SESSION_TOKEN not in _texts(caught.value) + log.getvalue()
    assert code in caught.value.one_line()


def test_quoted_session_token_is_redacted(key: HeldKey, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text that is shown is redacted."""
    monkeypatch.setenv("AWS_SESSION_TOKEN", _SESSION_TOKEN)
    body = json.dumps({"__type": "AccessDeniedException", "message": f"not with {_SESSION_TOKEN}"}).encode()
    proxy.fault(status(400, body, Content_Type="application/x-amz-json-1.1"))
    with pytest.raises(PluginAccessDeniedError, match="not with …") as caught:
        describe(key.arn, key.config_with(endpoint=proxy.url))
    assert _SESSION_TOKEN not in _texts(caught.value)


def test_hanging_login_is_a_timeout(key: HeldKey, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential_process that does not end is given up at the end of the call."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    _write_profile("process", credential_process="sleep 5", region=REGION)
    plugin, began = AWSKMSPlugin(), time.monotonic()
    with deadline(0.5), pytest.raises(PluginTimeoutError, match="or the login to it did not answer in time"):
        describe(key.arn, key.config_with(endpoint=proxy.url, profile="process"), plugin)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ACCESS_KEY)
    describe(key.arn, key.config_with(endpoint=proxy.url), plugin)
    assert time.monotonic() - began < 4


@pytest.mark.parametrize("head", [b"Content-Length: 100000\r\n\r\n{", b"X: "], ids=["body", "head"])
def test_response_byte_by_byte_is_a_timeout(key: HeldKey, proxy: FaultProxy, head: bytes) -> None:
    """A response that never ends is given up at the end of the call."""

    def drip(exchange: Exchange) -> None:
        exchange.connection.part(b"HTTP/1.1 200 OK\r\n" + head)
        for _ in range(60):
            time.sleep(0.1)
            exchange.connection.part(b" ")

    proxy.fault(drip)
    began = time.monotonic()
    with deadline(1.0), pytest.raises(PluginTimeoutError):
        describe(key.arn, key.config_with(endpoint=proxy.url))
    assert time.monotonic() - began < 3  # the answer comes for six seconds


def test_executable_shows_no_credentials(
    key: HeldKey, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither the response nor the plugin's log has a secret, though all loggers are at the level DEBUG."""
    proxy.fault(status(403, json.dumps({"__type": "InvalidSignatureException", "message": _SESSION_TOKEN}).encode()))
    monkeypatch.setenv("AWS_SESSION_TOKEN", _SESSION_TOKEN)
    monkeypatch.setenv("NOTARYKIT_PLUGIN_LOG", str(tmp_path / "log"))
    script = (
        "import logging, sys\nfrom notarykit.plugin import executable\n"
        "logging.basicConfig(level=logging.DEBUG, stream=open(2, 'w', closefd=False))\n"
        "sys.exit(executable('notarykit_aws_kms.plugin:AWSKMSPlugin')())\n"
    )
    request = {
        "contractVersion": "1.0", "keyId": key.arn, "pluginConfig": key.config_with(endpoint=proxy.url),
    }  # fmt: skip
    ended = run([sys.executable, "-c", script, "describe-key"], json.dumps(request).encode(), 60, dict(os.environ))
    assert json.loads(ended.errors)["errorCode"] == "ACCESS_DENIED"
    shown = ended.output + ended.errors + (tmp_path / "log").read_bytes()
    assert _SESSION_TOKEN.encode() not in shown
    assert SECRET_KEY.encode() not in shown
