"""Keys, clients and time, with a pretended service that has a key and does as it is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import PluginAccessDeniedError, PluginError, PluginTimeoutError, PluginValidationError
from notarykit.keys.signature import check
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest
from notarykit.plugin.asking.deadline import deadline
from notarykit.plugin.finding.discovery import load_plugin
from notarykit_aws_kms.addresses import Account
from notarykit_aws_kms.clients import Limits
from notarykit_aws_kms.plugin import AWSKMSPlugin
from support.ca import make_chain

_ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
_CHAIN = make_chain()
_SPEC = KEY_SPECS["EC-256"]


class _RefusalError(Exception):
    """An answer of the service with an error, as the SDK raises it."""

    operation_name = "GetPublicKey"

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.response = {"Error": {"Code": code, "Message": "quoted"}, "ResponseMetadata": {}}


class _Service:
    """A service with one key, and a client for it.

    Attributes:
        asked: The requests that came, each with its operation.
        connected: For whom and with which limits clients were made.
        answer: What replaces members of the answer to GetPublicKey.
        refuse: What each operation is refused with.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.connected: list[tuple[Account, Limits]] = []
        self.answer: dict[str, Any] = {}
        self.refuse: dict[str, str] = {}

    def connect(self, account: Account, limits: Limits) -> "_Service":
        self.connected.append((account, limits))
        return self

    def _note(self, operation: str, parameters: Mapping[str, Any]) -> None:
        self.asked.append((operation, parameters))
        if operation in self.refuse:
            raise _RefusalError(self.refuse[operation])

    def get_public_key(self, **parameters: Any) -> Mapping[str, Any]:
        self._note("GetPublicKey", parameters)
        public = _CHAIN.leaf_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        usual = {"KeyId": _ARN, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "PublicKey": public}
        return usual | self.answer

    def describe_key(self, **parameters: Any) -> Mapping[str, Any]:
        self._note("DescribeKey", parameters)
        return {"KeyMetadata": {"Arn": _ARN, "KeySpec": "HMAC_384", "KeyUsage": "GENERATE_VERIFY_MAC"}}

    def sign(self, **parameters: Any) -> Mapping[str, Any]:
        self._note("Sign", parameters)
        assert parameters["SigningAlgorithm"] == "ECDSA_SHA_256"
        return {"Signature": _CHAIN.leaf_key.sign(parameters["Message"], ec.ECDSA(utils.Prehashed(hashes.SHA256())))}


@pytest.fixture
def service() -> _Service:
    """A service that does nothing wrong."""
    return _Service()


@pytest.fixture
def config(tmp_path: Path) -> dict[str, str]:
    """The configuration with the chain of the service's key."""
    (tmp_path / "chain.pem").write_bytes(_CHAIN.chain_pem)
    return {"certificate_chain": str(tmp_path / "chain.pem")}


def _sign(plugin: AWSKMSPlugin, config: Mapping[str, str], key_id: str = _ARN) -> None:
    request = GenerateSignatureRequest(key_id, "EC-256", "SHA-256", b"message", config)
    check(_CHAIN.leaf_key.public_key(), _SPEC, plugin.generate_signature(request).signature, b"message")


def _fails(plugin: AWSKMSPlugin, config: Mapping[str, str]) -> PluginError:
    with pytest.raises(PluginError) as caught:
        _sign(plugin, config)
    return caught.value


# The plugin


def test_the_metadata() -> None:
    """The plugin signs raw and is installed under its own name."""
    metadata = AWSKMSPlugin.get_metadata()
    assert (metadata.name, metadata.capabilities) == ("aws-kms", ("SIGNATURE_GENERATOR.RAW",))
    assert isinstance(load_plugin("aws-kms"), AWSKMSPlugin)


def test_configuration_that_is_not_known() -> None:
    """A setting that does not exist is refused with those that do, and its value is not shown."""
    request = DescribeKeyRequest(_ARN, {"secret_access_key": "swordfish"})
    with pytest.raises(PluginValidationError, match="'secret_access_key' is not known") as caught:
        AWSKMSPlugin().describe_key(request)
    assert caught.value.advice == "use region, profile, endpoint, grant_tokens, certificate_chain, ca_certs"


def test_an_alias_is_resolved_once(service: _Service, config: dict[str, str]) -> None:
    """The key that an alias leads to is asked for once, and what signs is that key by its own name."""
    plugin = AWSKMSPlugin(service.connect)
    for _ in range(3):
        _sign(plugin, config | {"region": "us-west-2", "grant_tokens": "token"}, "alias/build")
    assert [operation for operation, _ in service.asked] == ["GetPublicKey", "Sign", "Sign", "Sign"]
    assert [parameters["KeyId"] for _, parameters in service.asked] == ["alias/build", _ARN, _ARN, _ARN]
    assert all(parameters["GrantTokens"] == ["token"] for _, parameters in service.asked)


def test_a_key_without_a_certificate(service: _Service) -> None:
    """Without a file with certificates, the key is named with what to do; a key alone can be opened."""
    error = _fails(AWSKMSPlugin(service.connect), {})
    assert isinstance(error, PluginValidationError)
    assert _ARN in error.message
    assert "certificate_chain=FILE" in error.advice
    opened = AWSKMSPlugin(service.connect).open_key(_ARN, {})
    assert (opened.name, opened.public_key) == (_ARN, _CHAIN.leaf_key.public_key())
    check(opened.public_key, _SPEC, opened.sign(b"request", _SPEC), b"request")


def test_certificates_are_not_kept(service: _Service) -> None:
    """There is no place for certificates in the service, and it is not asked for one."""
    plugin = AWSKMSPlugin(service.connect)
    assert plugin.attach_certificates(_ARN, {}, _CHAIN.ders) == ""
    key = plugin.find(_ARN, {})
    assert key.certificates(plugin.open_key(_ARN, {})) == ()
    assert not key.attach(plugin.open_key(_ARN, {}), _CHAIN.ders)


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
def test_kinds_that_do_not_sign(service: _Service, kind: str, usage: str) -> None:
    """A key of another kind or usage is refused by both."""
    service.answer = {"KeySpec": kind, "KeyUsage": usage}
    error = _fails(AWSKMSPlugin(service.connect), {})
    assert isinstance(error, PluginValidationError)
    assert error.message == f"the key {_ARN} is of the kind {kind} for {usage}"


def test_a_key_without_a_public_key(service: _Service) -> None:
    """The kind of a symmetric key is asked for, and said as far as this user may know it."""
    service.refuse = {"GetPublicKey": "UnsupportedOperationException"}
    assert "is of the kind HMAC_384 for GENERATE_VERIFY_MAC" in _fails(AWSKMSPlugin(service.connect), {}).message
    service.refuse["DescribeKey"] = "AccessDeniedException"
    error = _fails(AWSKMSPlugin(service.connect), {})
    assert isinstance(error, PluginValidationError)
    assert "symmetric" in error.message


# Clients


def test_clients_are_kept(service: _Service, config: dict[str, str]) -> None:
    """There is one client for each region, profile and endpoint."""
    plugin = AWSKMSPlugin(service.connect)
    for _ in range(2):
        _sign(plugin, config)
        _sign(plugin, config | {"profile": "another"})
        _sign(plugin, config | {"grant_tokens": "token"})
    accounts = [account for account, _ in service.connected]
    assert accounts == [Account("us-west-2"), Account("us-west-2", "another")]


def test_clients_are_forgotten_with_who_they_were(service: _Service, config: dict[str, str]) -> None:
    """A refusal for who asks makes the next request look for credentials again; another refusal does not."""
    plugin = AWSKMSPlugin(service.connect)
    for code, clients_made in (("KMSInternalException", 1), ("ExpiredTokenException", 1), ("", 2)):
        service.refuse = {"Sign": code} if code else {}
        if code:
            _fails(plugin, config)
        else:
            _sign(plugin, config)
        assert len(service.connected) == clients_made


def test_nothing_hangs_on_an_error(service: _Service) -> None:
    """The SDK's exception, which can quote credentials, is no part of ours."""
    service.refuse = {"GetPublicKey": "AccessDeniedException"}
    error = _fails(AWSKMSPlugin(service.connect), {})
    assert isinstance(error, PluginAccessDeniedError)
    assert (error.__cause__, error.__context__) == (None, None)


# Time


@pytest.mark.parametrize("left", [300.0, 48.0, 47.9, 24.0, 23.9, 8.0, 3.0, 1.0, 0.2])
def test_the_limits_fit(left: float) -> None:
    """All attempts end in the time that is left, and a single one leaves as much for logging in."""
    limits = Limits.within(left)
    assert limits.attempts * limits.seconds <= left
    assert limits.seconds * 6 >= left or limits == Limits.within(1000)
    assert limits.attempts > 1 or limits.seconds <= left / 2


def test_repeating_needs_time() -> None:
    """With the usual time a request is sent three times, and with little time once."""
    assert Limits.within(300) == Limits(3, 16.0)
    assert Limits.within(30) == Limits(3, 8.0)
    assert Limits.within(10) == Limits(1, 4.0)


@pytest.mark.parametrize("limits", [Limits(3, 16.0), Limits(1, 0.5)])
def test_the_settings_of_the_sdk(limits: Limits) -> None:
    """Connecting and reading take an attempt's time together, and the number of attempts is the SDK's own."""
    settings = limits.config()
    assert settings.connect_timeout + settings.read_timeout == limits.seconds
    assert settings.retries == {"mode": "standard", "total_max_attempts": limits.attempts}


@pytest.mark.parametrize(("limits", "needed"), [(Limits(3, 8.0), 15.0), (Limits(1, 4.0), 4.0)])
def test_no_attempt_that_would_be_late(limits: Limits, needed: float) -> None:
    """An attempt is begun only if it ends in time, and so does the pause after it where there is one."""
    with deadline(needed - 0.1), pytest.raises(PluginTimeoutError):
        limits.check()
    with deadline(needed + 10.0):
        limits.check()


def test_a_short_deadline_has_a_client_of_its_own(service: _Service, config: dict[str, str]) -> None:
    """The same key with less time is asked by a client with shorter limits, and later again by the first."""
    plugin = AWSKMSPlugin(service.connect)
    _sign(plugin, config)
    with deadline(12.0):
        _sign(plugin, config)
    _sign(plugin, config)
    assert [limits for _, limits in service.connected] == [Limits(3, 16.0), Limits(1, 4.0)]
