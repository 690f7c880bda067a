"""Signatures with keys of services with the API of AWS KMS, and keys that are refused."""

import re
import threading
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import GenerateSignatureRequest
from notarykit_aws_kms.plugin import AWSKMSPlugin
from tests.servers.aws.service import REGION, SPECS, HeldKey, Service, describe, sign

ANOTHER_ACCOUNT = "210987654321"


def _request(key: HeldKey, key_id: str = "") -> GenerateSignatureRequest:
    return GenerateSignatureRequest(key_id or key.arn, "EC-256", "SHA-256", b"message", key.config)


def _thumbprint(key: HeldKey) -> str:
    public = key.chain.leaf_key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(public).hexdigest()[:16]


# Keys


@pytest.mark.parametrize("spec", SPECS)
def test_key_of_each_spec_signs(moto: Service, spec: str) -> None:
    """Keys of all six specs are described and sign."""
    key = moto.key(spec)
    assert describe(key.arn, key.config) == spec
    sign(key)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS)
def test_key_of_each_spec_signs_in_localstack(localstack: Service, spec: str) -> None:
    """Keys of all six specs are described and sign in an unmodified service."""
    key = localstack.key(spec)
    assert describe(key.arn, key.config) == spec
    sign(key)


def test_each_form_of_key_id_is_accepted(moto: Service) -> None:
    """A key is found by its ARN, its id, an alias and the alias's ARN."""
    key = moto.key()
    alias = moto.alias("each/form-of_it", key)
    for key_id in (key.arn, key.key_id, alias, key.arn.replace(f"key/{key.key_id}", alias)):
        assert describe(key_id, key.config) == "EC-256"
        sign(key, key_id)


def test_arn_needs_no_region_setting(moto: Service) -> None:
    """An ARN has the region."""
    key = moto.key()
    sign(key, config={name: value for name, value in key.config.items() if name != "region"})


def test_region_of_the_environment_is_used(moto: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key id without a region is looked up in the region of the SDK, which must have one."""
    key = moto.key()
    config = {name: value for name, value in key.config.items() if name != "region"}
    with pytest.raises(PluginValidationError, match=r"^region of key "):
        describe(key.key_id, config)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    sign(key, key.key_id, config)


@pytest.mark.slow
def test_multi_region_key_signs(localstack: Service) -> None:
    """A multi-Region key has an id of another form, and signs like others."""
    key = localstack.key(MultiRegion=True)
    assert key.key_id.startswith("mrk-")
    sign(key)
    sign(key, key.key_id)


@pytest.mark.slow
def test_key_of_another_account_needs_its_arn(localstack: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key of another account is found by its ARN alone."""
    key = localstack.key()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", ANOTHER_ACCOUNT)  # which is how LocalStack tells accounts
    sign(key)
    with pytest.raises(PluginValidationError, match=f"key {key.key_id} not found"):
        describe(key.key_id, key.config)


@pytest.mark.parametrize(
    ("kind", "usage"),
    [
        ("ECC_SECG_P256K1", "SIGN_VERIFY"),
        ("RSA_2048", "ENCRYPT_DECRYPT"),
        ("HMAC_256", "GENERATE_VERIFY_MAC"),
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ],
)
def test_key_that_cannot_sign_is_refused(moto: Service, kind: str, usage: str) -> None:
    """A key that cannot sign artifacts is refused by its usage and spec, symmetric ones as well."""
    arn = moto.key_of_kind(kind, usage)
    with pytest.raises(PluginValidationError) as caught:
        describe(arn, {"endpoint": moto.url})
    assert caught.value.message == f"key {arn} has usage {usage} and spec {kind}"
    assert "ECC_NIST_P256" in caught.value.advice


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["HMAC_256", "SYMMETRIC_DEFAULT", "ECC_SECG_P256K1"])
def test_key_that_cannot_sign_is_refused_in_localstack(localstack: Service, kind: str) -> None:
    """A key that cannot sign artifacts is refused by its usage and spec in an unmodified service."""
    usage = {"HMAC_256": "GENERATE_VERIFY_MAC", "SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT"}.get(kind, "SIGN_VERIFY")
    arn = localstack.key_of_kind(kind, usage)
    with pytest.raises(PluginValidationError, match=f"has usage {usage} and spec {kind}"):
        describe(arn, {"endpoint": localstack.url})


@pytest.mark.parametrize("key_id", ["alias/nobody", "11111111-2222-3333-4444-555555555555"])
def test_missing_key_is_named(moto: Service, key_id: str) -> None:
    """A key that does not exist is named, with the request id for support."""
    with pytest.raises(PluginValidationError, match=f"key {key_id} not found") as caught:
        describe(key_id, {"endpoint": moto.url, "region": REGION})
    assert caught.value.metadata["serviceError"] == "NotFoundException"
    assert caught.value.metadata["requestId"]


# States


@pytest.mark.parametrize("state", ["is disabled", "is pending deletion"])
def test_unusable_key_is_refused_by_its_state(moto: Service, state: str) -> None:
    """A key that was disabled or scheduled for deletion after it was described does not sign."""
    _check_state(moto, state)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["is disabled", "is pending deletion"])
def test_unusable_key_is_refused_by_its_state_in_localstack(localstack: Service, state: str) -> None:
    """The state is named in an unmodified service."""
    _check_state(localstack, state)


def _check_state(service: Service, state: str) -> None:
    key, plugin = service.key(), AWSKMSPlugin()
    assert describe(key.arn, key.config, plugin) == "EC-256"
    if state == "is disabled":
        service.admin.disable_key(KeyId=key.key_id)
    else:
        service.admin.schedule_key_deletion(KeyId=key.key_id)
    for each in (plugin, AWSKMSPlugin()):  # the one that has described it, and one in a process of its own
        with pytest.raises(PluginError, match=state) as caught:
            each.generate_signature(_request(key))
        assert caught.value.code == "ERROR"
        assert key.arn in caught.value.message


def test_enabled_key_signs_again(moto: Service) -> None:
    """A plugin that was refused once sends the next request."""
    key, plugin = moto.key(), AWSKMSPlugin()
    moto.admin.disable_key(KeyId=key.key_id)
    with pytest.raises(PluginError, match="is disabled"):
        plugin.generate_signature(_request(key))
    moto.admin.enable_key(KeyId=key.key_id)
    sign(key, plugin=plugin)


# Aliases


def test_moved_alias_is_refused(moto: Service) -> None:
    """An alias that leads to another key than the certificate's is refused with both keys by name."""
    old, new = moto.key(), moto.key()
    alias = moto.alias("moves", old)
    assert describe(alias, old.config) == "EC-256"
    moto.admin.update_alias(AliasName=alias, TargetKeyId=new.key_id)
    with pytest.raises(PluginValidationError) as caught:
        AWSKMSPlugin().generate_signature(_request(old, alias))
    assert new.arn in caught.value.message
    assert re.findall("[0-9a-f]{16}", caught.value.message.replace(new.arn, "")) == [_thumbprint(old), _thumbprint(new)]


def test_alias_that_moves_after_describe_key_changes_nothing(moto: Service) -> None:
    """A process signs with the key that it has described, wherever the alias leads since."""
    old, new = moto.key(), moto.key()
    alias, plugin = moto.alias("moves-too", old), AWSKMSPlugin()
    assert describe(alias, old.config, plugin) == "EC-256"
    moto.admin.update_alias(AliasName=alias, TargetKeyId=new.key_id)
    sign(old, alias, plugin=plugin)


# Threads


def test_threads_share_a_client(moto: Service) -> None:
    """Ten threads sign through one object with two keys, one client and one lookup for each key."""
    keys, plugin, start = [moto.key(), moto.key("RSA-2048")], AWSKMSPlugin(), threading.Barrier(10)
    failed: list[BaseException] = []

    def work(key: HeldKey, number: int) -> None:
        start.wait()
        try:
            for turn in range(3):
                sign(key, plugin=plugin, message=b"%d %d" % (number, turn))
        except BaseException as error:  # noqa: BLE001 - the test's own thread reports it
            failed.append(error)

    threads = [threading.Thread(target=work, args=(keys[number % 2], number)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [len(user._clients) for user in plugin._clients._users.values()] == [1]
