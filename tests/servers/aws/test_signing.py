"""The plugin signs with keys of services that speak as AWS KMS does, and refuses those that it must not use."""

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
def test_each_kind_of_key(moto: Service, spec: str) -> None:
    """Keys of all six kinds are described and sign."""
    key = moto.key(spec)
    assert describe(key.arn, key.config) == spec
    sign(key)


@pytest.mark.slow
@pytest.mark.parametrize("spec", SPECS)
def test_each_kind_of_key_of_another_service(localstack: Service, spec: str) -> None:
    """Keys of all six kinds are described and sign where nothing was mended."""
    key = localstack.key(spec)
    assert describe(key.arn, key.config) == spec
    sign(key)


def test_each_form_of_key_id(moto: Service) -> None:
    """A key is found by its ARN, its id, an alias and the alias's ARN."""
    key = moto.key()
    alias = moto.alias("each/form-of_it", key)
    for key_id in (key.arn, key.key_id, alias, key.arn.replace(f"key/{key.key_id}", alias)):
        assert describe(key_id, key.config) == "EC-256"
        sign(key, key_id)


def test_the_region_of_an_arn(moto: Service) -> None:
    """An ARN needs no other setting to say where the key is."""
    key = moto.key()
    sign(key, config={name: value for name, value in key.config.items() if name != "region"})


def test_the_region_of_the_environment(moto: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key id without a region is looked for in the region of the SDK, and the SDK must have one."""
    key = moto.key()
    config = {name: value for name, value in key.config.items() if name != "region"}
    with pytest.raises(PluginValidationError, match=r"^region of key "):
        describe(key.key_id, config)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    sign(key, key.key_id, config)


@pytest.mark.slow
def test_a_multi_region_key(localstack: Service) -> None:
    """A key of several regions has an id of another form and signs like others."""
    key = localstack.key(MultiRegion=True)
    assert key.key_id.startswith("mrk-")
    sign(key)
    sign(key, key.key_id)


@pytest.mark.slow
def test_a_key_of_another_account(localstack: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever uses a key of another account names it by its ARN: its id alone is unknown to their own."""
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
def test_keys_of_other_kinds(moto: Service, kind: str, usage: str) -> None:
    """A key that cannot sign artifacts is refused by its kind, symmetric ones as well."""
    arn = moto.key_of_kind(kind, usage)
    with pytest.raises(PluginValidationError) as caught:
        describe(arn, {"endpoint": moto.url})
    assert caught.value.message == f"key {arn} has usage {usage} and spec {kind}"
    assert "ECC_NIST_P256" in caught.value.advice


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["HMAC_256", "SYMMETRIC_DEFAULT", "ECC_SECG_P256K1"])
def test_keys_of_other_kinds_of_another_service(localstack: Service, kind: str) -> None:
    """A key that cannot sign artifacts is refused by its kind where nothing was mended."""
    usage = {"HMAC_256": "GENERATE_VERIFY_MAC", "SYMMETRIC_DEFAULT": "ENCRYPT_DECRYPT"}.get(kind, "SIGN_VERIFY")
    arn = localstack.key_of_kind(kind, usage)
    with pytest.raises(PluginValidationError, match=f"has usage {usage} and spec {kind}"):
        describe(arn, {"endpoint": localstack.url})


@pytest.mark.parametrize("key_id", ["alias/nobody", "11111111-2222-3333-4444-555555555555"])
def test_no_such_key(moto: Service, key_id: str) -> None:
    """A key that is not there is missed by its id, with the request's id for support."""
    with pytest.raises(PluginValidationError, match=f"key {key_id} not found") as caught:
        describe(key_id, {"endpoint": moto.url, "region": REGION})
    assert caught.value.metadata["serviceError"] == "NotFoundException"
    assert caught.value.metadata["requestId"]


# States


@pytest.mark.parametrize("state", ["is disabled", "is pending deletion"])
def test_a_key_that_cannot_be_used(moto: Service, state: str) -> None:
    """A key that was disabled or scheduled for deletion after it was described does not sign, for its state's sake."""
    _check_state(moto, state)


@pytest.mark.slow
@pytest.mark.parametrize("state", ["is disabled", "is pending deletion"])
def test_a_key_that_cannot_be_used_of_another_service(localstack: Service, state: str) -> None:
    """The state is named where nothing was mended."""
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


def test_a_key_that_is_enabled_again(moto: Service) -> None:
    """A plugin that was refused once asks again."""
    key, plugin = moto.key(), AWSKMSPlugin()
    moto.admin.disable_key(KeyId=key.key_id)
    with pytest.raises(PluginError, match="is disabled"):
        plugin.generate_signature(_request(key))
    moto.admin.enable_key(KeyId=key.key_id)
    sign(key, plugin=plugin)


# Aliases that move


def test_an_alias_that_moves_between_two_processes(moto: Service) -> None:
    """Once an alias leads to a key that the certificate is not of, it is refused with both keys by name."""
    old, new = moto.key(), moto.key()
    alias = moto.alias("moves", old)
    assert describe(alias, old.config) == "EC-256"
    moto.admin.update_alias(AliasName=alias, TargetKeyId=new.key_id)
    with pytest.raises(PluginValidationError) as caught:
        AWSKMSPlugin().generate_signature(_request(old, alias))
    assert new.arn in caught.value.message
    assert re.findall("[0-9a-f]{16}", caught.value.message.replace(new.arn, "")) == [_thumbprint(old), _thumbprint(new)]


def test_an_alias_that_moves_within_a_process(moto: Service) -> None:
    """A process signs with the key that it has described, wherever the alias leads meanwhile."""
    old, new = moto.key(), moto.key()
    alias, plugin = moto.alias("moves-too", old), AWSKMSPlugin()
    assert describe(alias, old.config, plugin) == "EC-256"
    moto.admin.update_alias(AliasName=alias, TargetKeyId=new.key_id)
    sign(old, alias, plugin=plugin)


# Many at once


def test_threads_share_a_client(moto: Service) -> None:
    """Ten threads sign through one object with two keys, one client and one look at each key."""
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
