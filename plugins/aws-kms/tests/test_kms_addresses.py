"""Key ids and settings, before anything is asked."""

import pytest

from notarykit.errors import PluginValidationError
from notarykit_aws_kms.addresses import Account, address_of

_UUID = "1234abcd-12ab-34cd-56ef-1234567890ab"
_MULTI_REGION = "mrk-1234abcd12ab34cd56ef1234567890ab"
_ACCOUNT = "111122223333"
_KEY_ARN = f"arn:aws:kms:us-west-2:{_ACCOUNT}:key/{_UUID}"


@pytest.mark.parametrize("name", [_UUID, _MULTI_REGION, "alias/build", "alias/team/build_2-x", "alias/aws/secret"])
def test_names(name: str) -> None:
    """A name that is no ARN is taken as it is, in the region that is configured, or none."""
    assert address_of(name, {}).key_id == name
    assert address_of(name, {}).account == Account()
    assert address_of(name, {"region": "us-west-2"}).account == Account("us-west-2")


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
def test_arns(partition: str, region: str, resource: str) -> None:
    """An ARN of any partition says its region, and the configuration may say the same."""
    arn = f"arn:{partition}:kms:{region}:{_ACCOUNT}:{resource}"
    for config in ({}, {"region": region}):
        address = address_of(arn, config)
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
def test_what_is_no_key_id(key_id: str) -> None:
    """Anything else is refused with the forms that there are."""
    with pytest.raises(PluginValidationError) as caught:
        address_of(key_id, {"region": "us-west-2"})
    assert caught.value.message == f"{key_id!r} is no key id of AWS KMS"
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
def test_a_region_of_another_partition(partition: str, region: str, known: str) -> None:
    """A partition that the region is not in is refused, with the one that it is in."""
    with pytest.raises(PluginValidationError, match=f"partition {partition}, and the region {region} in {known}"):
        address_of(f"arn:{partition}:kms:{region}:{_ACCOUNT}:key/{_UUID}", {})


@pytest.mark.parametrize(("partition", "region"), [("aws", "eu-west-99"), ("aws", "xx-north-1"), ("aws-xx", "xx-a-1")])
def test_regions_that_are_new(partition: str, region: str) -> None:
    """A region that the SDK does not know yet is taken as the ARN has it."""
    arn = f"arn:{partition}:kms:{region}:{_ACCOUNT}:key/{_UUID}"
    assert address_of(arn, {}).account.region == region


def test_two_regions() -> None:
    """A configured region that is not the ARN's is refused with both."""
    with pytest.raises(PluginValidationError, match="is in the region us-west-2, not in eu-west-1"):
        address_of(_KEY_ARN, {"region": "eu-west-1"})


@pytest.mark.parametrize("region", ["", "us", "us-west", "US-WEST-2", "us-west-2.example", "us-west-2\n"])
def test_what_is_no_region(region: str) -> None:
    """A region that is none is refused before it becomes part of an address."""
    with pytest.raises(PluginValidationError, match="is no region of AWS"):
        address_of(_UUID, {"region": region})


@pytest.mark.parametrize(
    "url",
    ["https://vpce-1.kms.us-east-1.vpce.amazonaws.com", "http://127.0.0.1:4566", "http://LOCALHOST/", "http://[::1]"],
)
def test_endpoints(url: str) -> None:
    """An address with or without a port is taken as it is."""
    assert address_of(_UUID, {"endpoint": url}).account.endpoint == url


@pytest.mark.parametrize(
    "url", ["", "kms.example", "ftp://kms.example", "https://", "https://me:swordfish@kms.example", "https://a/b?c"]
)
def test_what_is_no_endpoint(url: str) -> None:
    """Anything else is refused, and is not shown: it may hold a password."""
    with pytest.raises(PluginValidationError, match="'endpoint' is no address") as caught:
        address_of(_UUID, {"endpoint": url})
    assert "swordfish" not in caught.value.one_line()


@pytest.mark.parametrize(
    "host", ["kms.example", "localhost.example", "10.0.0.1", "127.0.0.1.example", "[::2]", "1270.0.0.1"]
)
def test_an_endpoint_without_tls(host: str) -> None:
    """Another machine gets no session token that everybody on the way can read."""
    with pytest.raises(PluginValidationError, match="without TLS to another machine") as caught:
        address_of(_UUID, {"endpoint": f"http://{host}:8080"})
    assert "https://" in caught.value.advice
    assert address_of(_UUID, {"endpoint": f"https://{host}:8080"}).account.endpoint


def test_profiles() -> None:
    """A profile is taken as it is, but for an empty one."""
    assert address_of(_UUID, {"profile": "my profile"}).account.profile == "my profile"
    with pytest.raises(PluginValidationError, match="'profile' is empty"):
        address_of(_UUID, {"profile": ""})


@pytest.mark.parametrize(
    ("given", "sent"),
    [("", {}), (" , ", {}), ("one", {"GrantTokens": ["one"]}), ("one, two,", {"GrantTokens": ["one", "two"]})],
)
def test_grant_tokens(given: str, sent: dict[str, list[str]]) -> None:
    """Grant tokens have commas between them, and blanks do not count."""
    assert address_of(_UUID, {"grant_tokens": given}).parameters() == sent
