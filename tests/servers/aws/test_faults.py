"""Faults between the plugin and the service: retries, errors and timeouts."""

import base64
import json
from collections.abc import Callable

import pytest

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginThrottledError, PluginTimeoutError
from notarykit.plugin import GenerateSignatureRequest
from notarykit.plugin.time_limit import deadline
from notarykit_aws_kms.plugin import AWSKMSPlugin
from tests.servers.aws.service import SECRET_KEY, HeldKey, Service, describe, sign
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.factories import FaultProxies, ForwardProxies
from tests.servers.registry.fault_proxy import Fault, FaultProxy
from tests.servers.registry.faults import (
    changed,
    cut_after_acting,
    cut_before_headers,
    cut_in_body,
    cut_in_headers,
    shortened,
    status,
    unavailable,
)
from tests.servers.registry.http_server import Seen

ATTEMPTS = 3


def _refusal(code: str, text: str = "", http_status: int = 400) -> Fault:
    """Returns an error response of AWS KMS."""
    body = json.dumps({"__type": code, "message": text}).encode()
    return status(http_status, body, Content_Type="application/x-amz-json-1.1", x_amzn_RequestId="request-42")


def _asks_for(operation: str) -> Callable[[Seen], bool]:
    return lambda seen: str(seen.headers["X-Amz-Target"]).endswith(f".{operation}")


def _fails(key: HeldKey, proxy: FaultProxy, plugin: AWSKMSPlugin | None = None) -> PluginError:
    config = key.config_with(endpoint=proxy.url)
    request = GenerateSignatureRequest(key.arn, "EC-256", "SHA-256", b"message", config)
    with pytest.raises(PluginError) as caught:
        (plugin or AWSKMSPlugin()).generate_signature(request)
    return caught.value


@pytest.fixture
def key(moto: Service) -> HeldKey:
    """Returns a key of moto's service."""
    return moto.key()


@pytest.fixture
def proxy(moto: Service, fault_proxy: FaultProxies) -> FaultProxy:
    """Returns a fault proxy in front of moto's service."""
    return fault_proxy(moto.url.removeprefix("http://"))


PASSING = {
    "throttled": _refusal("ThrottlingException", "Rate exceeded"),
    "failed": _refusal("KMSInternalException", "", 500),
    "dependency": _refusal("DependencyTimeoutException", "", 503),
    "page": unavailable(),
    "cut": cut_before_headers(),
    "reset": cut_before_headers(reset=True),
    "cut after acting": cut_after_acting(),
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("operation", ["GetPublicKey", "Sign"])
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING)
def test_transient_fault_is_retried(key: HeldKey, proxy: FaultProxy, fault: Fault, operation: str) -> None:
    """A fault that meets all attempts but the last has no effect."""
    rule = proxy.fault(fault, _asks_for(operation), times=ATTEMPTS - 1)
    sign(key, config=key.config_with(endpoint=proxy.url))
    assert rule.met == ATTEMPTS - 1


LASTING: dict[str, tuple[Fault, type[PluginError], str]] = {
    "throttled": (_refusal("ThrottlingException", "Rate exceeded"), PluginThrottledError, "throttled"),
    "too many": (_refusal("LimitExceededException"), PluginThrottledError, "throttled"),
    "failed": (_refusal("KMSInternalException", "", 500), PluginError, "KMSInternalException"),
    "dependency": (_refusal("DependencyTimeoutException", "", 503), PluginTimeoutError, "timed out"),
    "unavailable": (_refusal("KeyUnavailableException", "", 500), PluginError, "not available"),
    "page": (unavailable(), PluginError, "503"),
    "cut": (cut_before_headers(), PluginError, "cannot be reached"),
}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(("fault", "kind", "shown"), LASTING.values(), ids=LASTING)
def test_persistent_fault_fails(
    key: HeldKey, proxy: FaultProxy, fault: Fault, kind: type[PluginError], shown: str
) -> None:
    """A fault that meets every attempt ends in its error class after the SDK's number of attempts."""
    rule = proxy.fault(fault, _asks_for("Sign"))
    error = _fails(key, proxy)
    assert type(error) is kind
    assert shown in error.message
    assert error.advice
    assert rule.met == ATTEMPTS


REFUSED = {
    "ExpiredTokenException": "expired",
    "UnrecognizedClientException": "not valid",
    "InvalidSignatureException": "signature rejected",
    "AccessDeniedException": "denied",
}


@pytest.mark.parametrize("code", REFUSED)
def test_refusal_is_not_retried(key: HeldKey, proxy: FaultProxy, code: str) -> None:
    """A refusal is final, and its request id is in the metadata."""
    rule = proxy.fault(_refusal(code), _asks_for("Sign"))
    error = _fails(key, proxy)
    assert isinstance(error, PluginAccessDeniedError)
    assert REFUSED[code] in error.message
    assert error.metadata == {"serviceError": code, "requestId": "request-42"}
    assert rule.met == 1


@pytest.mark.parametrize("text", ["Signature expired: 20260101T000000Z is now", "Signature not yet current: 2026"])
def test_skewed_signature_advises_to_set_the_clock(key: HeldKey, proxy: FaultProxy, text: str) -> None:
    """A signature whose time the service rejects is reported as a matter of the clock."""
    proxy.fault(_refusal("InvalidSignatureException", text, 403))
    error = _fails(key, proxy)
    assert isinstance(error, PluginAccessDeniedError)
    assert "clock" in error.message
    assert "clock" in error.advice


def test_expired_credentials_are_replaced(key: HeldKey, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a refusal for expired credentials, a running process uses the new ones."""
    plugin = AWSKMSPlugin()
    proxy.fault(_refusal("ExpiredTokenException"), _asks_for("Sign"), times=1)
    assert "expired" in _fails(key, proxy, plugin).message
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANEWLYLOGGEDIN")
    sign(key, config=key.config_with(endpoint=proxy.url), plugin=plugin)
    assert "Credential=AKIANEWLYLOGGEDIN/" in str(proxy.seen[-1].authorization)


# Time


def test_missing_response_is_a_timeout(key: HeldKey, proxy: FaultProxy) -> None:
    """A service that does not answer is given up within the time of the call."""
    gate = proxy.gate()
    proxy.fault(lambda _: gate.pass_through(), _asks_for("Sign"))
    plugin, config = AWSKMSPlugin(), key.config_with(endpoint=proxy.url)
    assert describe(key.arn, config, plugin) == "EC-256"
    with deadline(2.0):
        error = _fails(key, proxy, plugin)
    assert isinstance(error, PluginTimeoutError)
    assert proxy.url in error.message
    assert gate.reached.is_set()


def test_no_request_after_the_deadline(key: HeldKey, proxy: FaultProxy) -> None:
    """Nothing is sent once the time is over."""
    with deadline(0.0):
        assert isinstance(_fails(key, proxy), PluginTimeoutError)
    assert proxy.seen == []


# Responses


NO_ANSWERS = {
    "cut in headers": cut_in_headers(),
    "cut in body": cut_in_body(10),
    "shortened": shortened(),
    "page": changed(lambda reply: reply._replace(body=b"<html>")),
}


@pytest.mark.parametrize("operation", ["GetPublicKey", "Sign"])
@pytest.mark.parametrize("fault", NO_ANSWERS.values(), ids=NO_ANSWERS)
def test_truncated_response_is_refused(key: HeldKey, proxy: FaultProxy, fault: Fault, operation: str) -> None:
    """A truncated response, which the SDK takes for complete, is refused."""
    proxy.fault(fault, _asks_for(operation))
    error = _fails(key, proxy)
    assert error.code == "ERROR"
    assert f"{key.arn} is malformed or was cut off" in error.message


@pytest.mark.parametrize("body", [b"{}", b'{"KeyUsage": "SIGN_VERIFY", "KeySpec": "RSA_2048", "PublicKey": "AAAA"}'])
def test_response_without_a_key_is_refused(key: HeldKey, proxy: FaultProxy, body: bytes) -> None:
    """A response without the key's id or with an invalid public key is an error of the protocol."""
    proxy.fault(status(200, body), _asks_for("GetPublicKey"))
    error = _fails(key, proxy)
    assert error.code == "ERROR"
    assert key.arn in error.message


def test_signature_that_is_not_der_is_refused(key: HeldKey, proxy: FaultProxy) -> None:
    """An ECDSA signature that is not in DER is an error of the protocol."""
    signature = base64.b64encode(b"no signature").decode()
    proxy.fault(status(200, json.dumps({"Signature": signature}).encode()), _asks_for("Sign"))
    error = _fails(key, proxy)
    assert error.code == "ERROR"
    assert key.arn in error.message


# Requests


def test_grant_tokens_are_sent(key: HeldKey, proxy: FaultProxy) -> None:
    """Each request carries the grant tokens of the configuration, and none where there are none."""
    sign(key, config=key.config_with(endpoint=proxy.url, grant_tokens="one, two,"))
    assert [json.loads(seen.body)["GrantTokens"] for seen in proxy.seen] == [["one", "two"]] * 2
    proxy.clear()
    sign(key, config=key.config_with(endpoint=proxy.url))
    assert all("GrantTokens" not in json.loads(seen.body) for seen in proxy.seen)


def test_message_is_not_sent(moto: Service, proxy: FaultProxy) -> None:
    """The service gets the digest and the key's ARN, and GetPublicKey once."""
    key = moto.key("EC-384")
    alias, plugin = moto.alias("digest", key), AWSKMSPlugin()
    config = key.config_with(endpoint=proxy.url)
    for _ in range(2):
        sign(key, alias, config, plugin)
    bodies = [json.loads(seen.body) for seen in proxy.seen]
    assert [body["KeyId"] for body in bodies] == [alias, key.arn, key.arn]
    assert {(body["MessageType"], len(base64.b64decode(body["Message"]))) for body in bodies[1:]} == {("DIGEST", 48)}


# Proxies and TLS


def test_proxy_of_the_environment_is_used(
    moto: Service,
    fault_proxy: FaultProxies,
    forward_proxy: ForwardProxies,
    registry_ca: RegistryCA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Requests go through the proxy of the environment."""
    key = moto.key()
    service = fault_proxy(moto.url.removeprefix("http://"), tls=registry_ca.server(["kms.example"]))
    proxy = forward_proxy({"kms.example:443": service.address})
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("AWS_CA_BUNDLE", registry_ca.ca_file)
    sign(key, config=key.config_with(endpoint="https://kms.example"))
    assert {seen.target for seen in proxy.seen} == {"kms.example:443"}


def test_refusing_proxy_is_named_without_its_password(
    key: HeldKey, forward_proxy: ForwardProxies, monkeypatch: pytest.MonkeyPatch, at_once: None
) -> None:
    """The error names the proxy, and its password is not shown."""
    proxy = forward_proxy(refuse=407)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{SECRET_KEY.replace('/', '')}@{proxy.address}")
    with pytest.raises(PluginError, match="proxy to AWS KMS at https://kms") as caught:
        describe(key.arn, key.config_with(endpoint="https://kms.example"))
    assert SECRET_KEY.replace("/", "") not in caught.value.one_line()


def test_ca_bundle_of_the_network_is_trusted(
    key: HeldKey,
    moto: Service,
    fault_proxy: FaultProxies,
    registry_ca: RegistryCA,
    monkeypatch: pytest.MonkeyPatch,
    at_once: None,
) -> None:
    """A certificate of the network's own CA is accepted with $AWS_CA_BUNDLE, and refused with advice without."""
    config = key.config_with(endpoint=fault_proxy(moto.url.removeprefix("http://"), tls=True).url)
    with pytest.raises(PluginError, match="certificate of AWS KMS at https://127") as caught:
        describe(key.arn, config)
    assert "AWS_CA_BUNDLE" in caught.value.advice
    monkeypatch.setenv("AWS_CA_BUNDLE", registry_ca.ca_file)
    sign(key, config=config)


def test_unreachable_endpoint_is_named(key: HeldKey, fault_proxy: FaultProxies, at_once: None) -> None:
    """An endpoint that refuses connections is named."""
    with FaultProxy() as gone:
        url = gone.url
    with pytest.raises(PluginError, match=f"AWS KMS at {url} cannot be reached"):
        describe(key.arn, key.config_with(endpoint=url))
