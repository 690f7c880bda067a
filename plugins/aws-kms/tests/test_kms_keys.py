"""Keys, clients and time limits, with a fake service."""

import threading
import time
from pathlib import Path

import pytest

from notarykit.errors import PluginAccessDeniedError, PluginTimeoutError, PluginValidationError
from notarykit.keys.signature import verify_raw
from notarykit.plugin import DescribeKeyRequest
from notarykit.plugin.discovery.entry_points import packaged_plugin
from notarykit.plugin.time_limit import deadline
from notarykit_aws_kms.client import Limits
from notarykit_aws_kms.plugin import AWSKMSPlugin
from notarykit_aws_kms.settings import Account
from tests.servers.aws.fake import ARN, CHAIN, SPEC, FakeKMS, chain_config, fails, sign


@pytest.fixture
def service() -> FakeKMS:
    """Returns a service without faults."""
    return FakeKMS()


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """Returns the configuration with the chain of the service's key."""
    return chain_config(tmp_path)


# Plugin


def test_metadata() -> None:
    """The plugin signs raw and is installed under its own name."""
    metadata = AWSKMSPlugin.get_metadata()
    assert (metadata.name, metadata.capabilities) == ("aws-kms", ("SIGNATURE_GENERATOR.RAW",))
    announced = packaged_plugin("aws-kms")
    assert announced is not None
    assert type(announced.load().plugin) is AWSKMSPlugin


def test_unknown_setting_is_refused_and_not_shown() -> None:
    """An unknown setting is refused with the list of settings, and its value is not shown."""
    request = DescribeKeyRequest(ARN, {"secret_access_key": "swordfish"})
    with pytest.raises(PluginValidationError, match="unknown plugin configuration 'secret_access_key'") as caught:
        AWSKMSPlugin().describe_key(request)
    assert caught.value.advice == "use region, profile, endpoint, grant_tokens, certificate_chain, ca_certs"


def test_alias_is_resolved_once(service: FakeKMS, config: dict[str, str]) -> None:
    """The alias is resolved once, and the key signs under its ARN."""
    plugin = AWSKMSPlugin(connect=service.connect)
    for _ in range(3):
        sign(plugin, config | {"region": "us-west-2", "grant_tokens": "token"}, "alias/build")
    assert [operation for operation, _ in service.asked] == ["GetPublicKey", "Sign", "Sign", "Sign"]
    assert [parameters["KeyId"] for _, parameters in service.asked] == ["alias/build", ARN, ARN, ARN]
    assert all(parameters["GrantTokens"] == ["token"] for _, parameters in service.asked)


def test_key_without_a_certificate_is_refused_with_advice(service: FakeKMS) -> None:
    """Without a file of certificates, the error names the key with advice; the key can be opened."""
    error = fails(AWSKMSPlugin(connect=service.connect), {})
    assert isinstance(error, PluginValidationError)
    assert ARN in error.message
    assert "certificate_chain=FILE" in error.advice
    opened = AWSKMSPlugin(connect=service.connect).open_key(ARN, {})
    assert (opened.name, opened.public_key) == (ARN, CHAIN.leaf_key.public_key())
    verify_raw(opened.public_key, SPEC, opened.sign(b"request", SPEC), b"request")


def test_service_stores_no_certificates(service: FakeKMS) -> None:
    """The service has no place for certificates."""
    plugin = AWSKMSPlugin(connect=service.connect)
    assert plugin.attach_certificates(ARN, {}, CHAIN.ders) == ""
    key = plugin.find(ARN, {})
    assert key.certificates(plugin.open_key(ARN, {})) == ()
    assert not key.attach(plugin.open_key(ARN, {}), CHAIN.ders)


# Kinds


@pytest.mark.parametrize(
    ("kind", "usage"),
    [
        ("SM2", "SIGN_VERIFY"),
        ("ECC_SECG_P256K1", "SIGN_VERIFY"),
        ("ML_DSA_65", "SIGN_VERIFY"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("ECC_NIST_P256", "KEY_AGREEMENT"),
    ],
)
def test_key_that_cannot_sign_is_refused(service: FakeKMS, kind: str, usage: str) -> None:
    """A key of another kind or usage is refused by both."""
    service.answer = {"KeySpec": kind, "KeyUsage": usage}
    error = fails(AWSKMSPlugin(connect=service.connect), {})
    assert isinstance(error, PluginValidationError)
    assert error.message == f"key {ARN} has usage {usage} and spec {kind}"


def test_symmetric_key_is_refused_by_its_spec(service: FakeKMS) -> None:
    """The error has the spec of a symmetric key, if this user may describe it."""
    service.refuse = {"GetPublicKey": "UnsupportedOperationException"}
    assert "has usage GENERATE_VERIFY_MAC and spec HMAC_384" in fails(AWSKMSPlugin(connect=service.connect), {}).message
    service.refuse["DescribeKey"] = "AccessDeniedException"
    error = fails(AWSKMSPlugin(connect=service.connect), {})
    assert isinstance(error, PluginValidationError)
    assert "symmetric" in error.message


# Clients


def test_client_is_kept_by_account(service: FakeKMS, config: dict[str, str]) -> None:
    """There is one client for each region, profile and endpoint."""
    plugin = AWSKMSPlugin(connect=service.connect)
    for _ in range(2):
        sign(plugin, config)
        sign(plugin, config | {"profile": "another"})
        sign(plugin, config | {"grant_tokens": "token"})
    accounts = [account for account, _ in service.connected]
    assert accounts == [Account("us-west-2"), Account("us-west-2", "another")]


def test_expired_credentials_renew_the_client(service: FakeKMS, config: dict[str, str]) -> None:
    """A refusal of the credentials makes the next request load them again; another refusal does not."""
    plugin = AWSKMSPlugin(connect=service.connect)
    for code, clients_made in (("KMSInternalException", 1), ("ExpiredTokenException", 1), ("", 2)):
        service.refuse = {"Sign": code} if code else {}
        if code:
            fails(plugin, config)
        else:
            sign(plugin, config)
        assert len(service.connected) == clients_made


def test_error_holds_no_exception_of_the_sdk(service: FakeKMS) -> None:
    """The exception of the SDK, which may quote credentials, is neither cause nor context."""
    service.refuse = {"GetPublicKey": "AccessDeniedException"}
    error = fails(AWSKMSPlugin(connect=service.connect), {})
    assert isinstance(error, PluginAccessDeniedError)
    assert (error.__cause__, error.__context__) == (None, None)


# Time


def test_login_that_hangs_ends_with_the_call(service: FakeKMS, config: dict[str, str]) -> None:
    """A login that hangs while a client is made is given up at the end of the call, and blocks no later one."""
    released, made = threading.Event(), []

    def connect(account: Account, limits: Limits) -> FakeKMS:
        made.append(account.profile)
        if account.profile == "hanging" and made.count("hanging") == 1:
            released.wait(30)
        return service.connect(account, limits)

    plugin, hanging = AWSKMSPlugin(connect=connect), config | {"profile": "hanging"}
    began = time.monotonic()
    with deadline(0.5):
        error = fails(plugin, hanging)
    assert isinstance(error, PluginTimeoutError)
    assert error.message == "AWS KMS in us-west-2 or the login to it did not answer in time"
    for settings in (config, hanging):
        with deadline(20.0):
            sign(plugin, settings)
    assert time.monotonic() - began < 5
    released.set()


@pytest.mark.parametrize("left", [300.0, 48.0, 47.9, 24.0, 23.9, 8.0, 3.0, 1.0, 0.2])
def test_limits_end_within_the_time_left(left: float) -> None:
    """All attempts end in the time left, and a single one leaves as much for the login."""
    limits = Limits.within(left)
    assert limits.attempts * limits.seconds <= left
    assert limits.seconds * 6 >= left or limits == Limits.within(1000)
    assert limits.attempts > 1 or limits.seconds <= left / 2


def test_retries_need_time() -> None:
    """With the default time there are three attempts, and with little time one."""
    assert Limits.within(300) == Limits(3, 16.0)
    assert Limits.within(30) == Limits(3, 8.0)
    assert Limits.within(10) == Limits(1, 4.0)


@pytest.mark.parametrize("limits", [Limits(3, 16.0), Limits(1, 0.5)])
def test_limits_as_settings_of_the_sdk(limits: Limits) -> None:
    """Connecting and reading take an attempt's time together, and the number of attempts is the SDK's own."""
    settings = limits.config()
    assert settings.connect_timeout + settings.read_timeout == limits.seconds
    assert settings.retries == {"mode": "standard", "total_max_attempts": limits.attempts}


@pytest.mark.parametrize(("limits", "needed"), [(Limits(3, 8.0), 15.0), (Limits(1, 4.0), 4.0)])
def test_attempt_that_would_be_late_is_not_begun(limits: Limits, needed: float) -> None:
    """An attempt is begun only if it ends in time, with the pause after it, if any."""
    with deadline(needed - 0.1), pytest.raises(PluginTimeoutError):
        limits.check()
    with deadline(needed + 10.0):
        limits.check()


def test_short_deadline_has_a_client_of_its_own(service: FakeKMS, config: dict[str, str]) -> None:
    """With less time, a client with shorter limits is used, and later the first one again."""
    plugin = AWSKMSPlugin(connect=service.connect)
    sign(plugin, config)
    with deadline(12.0):
        sign(plugin, config)
    sign(plugin, config)
    assert [limits for _, limits in service.connected] == [Limits(3, 16.0), Limits(1, 4.0)]
