"""Key ids and settings, before anything is asked."""

import pytest

from notarykit.errors import PluginValidationError
from notarykit_aws_kms.key_id import parse_key_id
from notarykit_aws_kms.settings import Account

_UUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
_MULTI_REGION = "mrk-1234abcd12ab34cd56ef1234567890ab"
_ACCOUNT = "111122223333"
_KEY_ARN = f"arn:aws:kms:us-west-2:{_ACCOUNT}:key/{_UUID}"


@pytest.mark.parametrize("name", [_UUID, _MULTI_REGION, "alias/build", "alias/team/build_2-x", "alias/aws/secret"])
def test_name_is_taken_in_the_configured_region(name: str) -> None:
    """A name that is no ARN is taken as it is, in the region that is configured, or none."""
    assert parse_key_id(name, {}).key_id == name
    assert parse_key_id(name, {}).account == Account()
    assert parse_key_id(name, {"region": "us-west-2"}).account == Account("us-west-2")


@pytest.mark.parametrize(
    ("partition", "region"),
    [
        ("aws", "us-east-1"),
        ("aws", "ap-southeast-10"),
        ("aws-cn", "cn-north-1"),
        ("aws-us-gov", "us-gov-west-1"),
        ("aws-iso", "us-iso-east-1"),
        ("aws-iso-b", "us-isob-east-1"),
        ("aws-eusc", "eusc-de-east-1"),
    ],
)
@pytest.mark.parametrize("resource", [f"key/{_UUID}", f"key/{_MULTI_REGION}", "alias/build"])
def test_arn_has_its_region(partition: str, region: str, resource: str) -> None:
    """An ARN of any partition says its region, and the configuration may say the same."""
    arn = f"arn:{partition}:kms:{region}:{_ACCOUNT}:{resource}"
    for config in ({}, {"region": region}):
        address = parse_key_id(arn, config)
        assert (address.key_id, address.account.region) == (arn, region)


@pytest.mark.parametrize(
    "key_id",
    [
        "build",
        "alias/",
        "alias/with a blank",
        f"key/{_UUID}",
        _UUID.upper(),
        _UUID[:-1],
        f"{_UUID} ",
        f"{_UUID}\n",
        f"mrk-{_UUID}",
        _KEY_ARN.replace("kms", "s3"),
        _KEY_ARN.replace("us-west-2", ""),
        _KEY_ARN.replace(_ACCOUNT, "1"),
        _KEY_ARN.replace("key/", ""),
        _KEY_ARN.replace("arn:aws", "arn:gcp"),
        _KEY_ARN.replace("arn:aws", "arn:aws-"),
        f"{_KEY_ARN}\n",
        f"awskms:///{_KEY_ARN}",
    ],
)
def test_other_text_is_refused_with_the_forms(key_id: str) -> None:
    """Anything else is refused with the forms that there are."""
    with pytest.raises(PluginValidationError) as caught:
        parse_key_id(key_id, {"region": "us-west-2"})
    assert caught.value.message == f"{key_id!r} is not an AWS KMS key id"
    assert "alias/NAME" in caught.value.advice


@pytest.mark.parametrize(
    ("partition", "region", "known"),
    [
        ("aws", "cn-north-1", "aws-cn"),
        ("aws", "us-gov-west-1", "aws-us-gov"),
        ("aws-cn", "us-east-1", "aws"),
        ("aws-evil", "us-east-1", "aws"),
        ("aws-evil", "eu-west-99", "aws"),
    ],
)
def test_region_of_another_partition_is_refused(partition: str, region: str, known: str) -> None:
    """A partition that the region is not in is refused, with the one that it is in."""
    with pytest.raises(PluginValidationError, match=f"partition {partition}, but region {region} is in {known}"):
        parse_key_id(f"arn:{partition}:kms:{region}:{_ACCOUNT}:key/{_UUID}", {})


@pytest.mark.parametrize(("partition", "region"), [("aws", "eu-west-99"), ("aws", "xx-north-1"), ("aws-xx", "xx-a-1")])
def test_unknown_region_is_accepted(partition: str, region: str) -> None:
    """A region that the SDK does not know yet is taken as the ARN has it."""
    arn = f"arn:{partition}:kms:{region}:{_ACCOUNT}:key/{_UUID}"
    assert parse_key_id(arn, {}).account.region == region


def test_configured_region_that_contradicts_the_arn_is_refused() -> None:
    """A configured region that is not the ARN's is refused with both."""
    with pytest.raises(
        PluginValidationError, match="region us-west-2, but the plugin configuration has region eu-west-1"
    ):
        parse_key_id(_KEY_ARN, {"region": "eu-west-1"})


@pytest.mark.parametrize("region", ["", "us", "us-west", "US-WEST-2", "us-west-2.example", "us-west-2\n"])
def test_malformed_region_is_refused(region: str) -> None:
    """A region that is none is refused before it becomes part of an address."""
    with pytest.raises(PluginValidationError, match="is not an AWS region"):
        parse_key_id(_UUID, {"region": region})


@pytest.mark.parametrize(
    "url",
    ["https://vpce-1.kms.us-east-1.vpce.amazonaws.com", "http://127.0.0.1:4566", "http://LOCALHOST/", "http://[::1]"],
)
def test_endpoint_is_accepted(url: str) -> None:
    """An address with or without a port is taken as it is."""
    assert parse_key_id(_UUID, {"endpoint": url}).account.endpoint == url


@pytest.mark.parametrize(
    "url", ["", "kms.example", "ftp://kms.example", "https://", "https://me:swordfish@kms.example", "https://a/b?c"]
)
def test_malformed_endpoint_is_refused_and_not_shown(url: str) -> None:
    """Anything else is refused, and is not shown: it may hold a password."""
    with pytest.raises(PluginValidationError, match="'endpoint' is not a URL") as caught:
        parse_key_id(_UUID, {"endpoint": url})
    assert "swordfish" not in caught.value.one_line()


@pytest.mark.parametrize(
    "host", ["kms.example", "localhost.example", "10.0.0.1", "127.0.0.1.example", "[::2]", "1270.0.0.1"]
)
def test_endpoint_without_tls_is_refused(host: str) -> None:
    """Another machine gets no session token that everybody on the way can read."""
    with pytest.raises(PluginValidationError, match="is not sent to another machine in plain text") as caught:
        parse_key_id(_UUID, {"endpoint": f"http://{host}:8080"})
    assert "https://" in caught.value.advice
    assert parse_key_id(_UUID, {"endpoint": f"https://{host}:8080"}).account.endpoint


def test_empty_profile_is_refused() -> None:
    """A profile is taken as it is, but for an empty one."""
    assert parse_key_id(_UUID, {"profile": "my profile"}).account.profile == "my profile"
    with pytest.raises(PluginValidationError, match="'profile' is empty"):
        parse_key_id(_UUID, {"profile": ""})


@pytest.mark.parametrize(
    ("given", "sent"),
    [("", {}), (" , ", {}), ("one", {"GrantTokens": ["one"]}), ("one, two,", {"GrantTokens": ["one", "two"]})],
)
def test_grant_tokens_are_separated_by_commas(given: str, sent: dict[str, list[str]]) -> None:
    """Grant tokens have commas between them, and blanks do not count."""
    assert parse_key_id(_UUID, {"grant_tokens": given}).parameters() == sent
