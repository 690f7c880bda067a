"""What the environment says to the SDK: an empty variable says nothing."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import UnknownServiceError  # type: ignore[import-untyped]
from botocore.loaders import Loader  # type: ignore[import-untyped]

from notarykit.errors import PluginError, PluginValidationError
from notarykit.plugin import DescribeKeyRequest
from notarykit.plugin.time_limit import deadline
from notarykit_aws_kms.client import _User
from notarykit_aws_kms.plugin import AWSKMSPlugin
from notarykit_aws_kms.session import EnvironmentSession
from notarykit_aws_kms.settings import Account

Set = Callable[..., None]
_KEY = "12345678-1234-1234-1234-123456789012"
_CONFIG = """[default]
region = eu-south-1
[profile other]
region = eu-north-1
"""


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets variables of AWS, where there is no other than those of a user with keys and a file of profiles."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(_CONFIG)

    def put(**values: str) -> None:
        usual = {"AWS_CONFIG_FILE": str(tmp_path / "config"), "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
        keys = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_EC2_METADATA_DISABLED": "true"}
        for name, value in {**usual, **keys, **values}.items():
            monkeypatch.setenv(name, value)

    return put


def _client(profile: str | None = None, region: str | None = None) -> Any:
    return EnvironmentSession(profile, region).client("kms", region_name=region)


@pytest.mark.parametrize(
    ("values", "region"),
    [
        ({"AWS_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ({"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-east-1"}, "eu-west-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "us-east-1"}, "us-east-1"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "eu-south-1"),
        ({"AWS_PROFILE": "other"}, "eu-north-1"),
        ({"AWS_DEFAULT_PROFILE": "", "AWS_PROFILE": "other"}, "eu-north-1"),
        ({"AWS_DEFAULT_PROFILE": "", "AWS_PROFILE": ""}, "eu-south-1"),
    ],
)
def test_region_by_precedence(values: dict[str, str], region: str, variables: Set) -> None:
    """$AWS_REGION comes before $AWS_DEFAULT_REGION, this before the profile; what is empty does not count."""
    variables(**values)
    assert _client().meta.region_name == region
    assert _client(region="us-west-2").meta.region_name == "us-west-2"
    of_profile = values.get("AWS_REGION") or values.get("AWS_DEFAULT_REGION") or "eu-north-1"
    assert _client("other").meta.region_name == of_profile


def test_empty_variable_counts_as_unset(variables: Set) -> None:
    """No variable that botocore reads counts where it is empty."""
    from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES  # type: ignore[import-untyped]

    named = [names for _, names, *_ in BOTOCORE_DEFAUT_SESSION_VARIABLES.values() if names]
    all_names = [name for names in named for name in (names if isinstance(names, list) else [names])]
    kept = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_EC2_METADATA_DISABLED"}
    variables(REQUESTS_CA_BUNDLE="", AWS_SESSION_TOKEN="", **{each: "" for each in all_names if each not in kept})
    client = _client()
    assert client.meta.endpoint_url == "https://kms.eu-south-1.amazonaws.com"
    assert client._endpoint.http_session._verify is True


def test_ca_bundle_by_precedence(variables: Set) -> None:
    """$AWS_CA_BUNDLE comes before $REQUESTS_CA_BUNDLE."""
    variables(REQUESTS_CA_BUNDLE="/requests.pem", AWS_CA_BUNDLE="")
    assert _client()._endpoint.http_session._verify == "/requests.pem"
    variables(AWS_CA_BUNDLE="/aws.pem")
    assert _client()._endpoint.http_session._verify == "/aws.pem"


def test_empty_container_variable_gives_no_credentials(variables: Set) -> None:
    """An empty address of a container's credentials is none: nobody is asked, and none are found."""
    variables(AWS_ACCESS_KEY_ID="", AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="", AWS_CONTAINER_CREDENTIALS_FULL_URI="")
    assert EnvironmentSession(None, None).get_credentials() is None


def _refusal() -> PluginError:
    with pytest.raises(PluginError) as caught, deadline(20):
        AWSKMSPlugin().describe_key(DescribeKeyRequest(_KEY, {}))
    return caught.value


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"AWS_ENDPOINT_URL": "localhost:1"}, "an address, a number or a time in it is malformed"),
        ({"AWS_METADATA_SERVICE_TIMEOUT": "soon"}, "an address, a number or a time in it is malformed"),
        ({"AWS_CREDENTIAL_EXPIRATION": "soon"}, "an address, a number or a time in it is malformed"),
        ({"HTTPS_PROXY": "my proxy"}, "an address, a number or a time in it is malformed"),
        ({"AWS_SECRET_ACCESS_KEY": "s\udce9cret"}, "a key or a token in it is not ASCII"),
        ({"AWS_REGION": "us east"}, "the region in it has not the form us-east-1"),
        ({"AWS_STS_REGIONAL_ENDPOINTS": "x"}, "sts_regional_endpoints is neither legacy nor regional"),
        ({"AWS_DEFAULTS_MODE": "x"}, "its defaults_mode is unknown"),
        (
            {"AWS_ROLE_ARN": "arn:aws:iam::1:role/x", "AWS_WEB_IDENTITY_TOKEN_FILE": "/none", "AWS_ACCESS_KEY_ID": ""},
            "a file that it names cannot be read",
        ),
    ],
)
def test_invalid_setting_is_named_in_words(values: dict[str, str], reason: str, variables: Set) -> None:
    """A setting that is wrong is told in words, with the places to look at, and not by the name of an exception."""
    variables(**values)
    error = _refusal()
    assert isinstance(error, PluginValidationError)
    assert error.message.startswith(f"AWS configuration cannot be used: {reason}")
    assert "~/.aws/config" in error.advice
    assert "Error" not in error.one_line()


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"])
def test_key_with_a_line_end_is_not_sent(name: str, variables: Set) -> None:
    """What no header can hold is never sent, and named as that."""
    from tests.unit.net.server import Server

    with Server() as server:
        variables(AWS_ENDPOINT_URL=server.url, **{name: "swordfish\r"})
        error = _refusal()
    assert isinstance(error, PluginValidationError)
    assert "a key or token in it contains a line end" in error.message
    assert "swordfish" not in error.one_line()
    assert server.seen == []


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS"])
def test_endpoint_without_tls_is_refused(variable: str, variables: Set) -> None:
    """A session token goes to another machine by TLS alone, whoever names the machine."""
    variables(AWS_REGION="us-east-1", **{variable: "http://kms.example:8080"})
    error = _refusal()
    assert "endpoint http://kms.example:8080 has no TLS" in error.message


def test_loopback_endpoint_bypasses_the_proxy(variables: Set) -> None:
    """What goes to this machine without TLS is not given to a proxy, which would read a session token in it."""
    from tests.unit.net.server import Server

    with Server() as server:
        variables(AWS_REGION="us-east-1", AWS_SESSION_TOKEN="swordfish", http_proxy="http://proxy.invalid:1")
        with pytest.raises(PluginError), deadline(20):
            AWSKMSPlugin().describe_key(DescribeKeyRequest(_KEY, {"endpoint": server.url}))
    assert server.seen[0].headers["X-Amz-Security-Token"] == "swordfish"


def test_profile_beside_a_session_is_refused(variables: Set) -> None:
    """A configured profile would log in as another user than the session that the program handed over."""
    from boto3.session import Session  # type: ignore[import-untyped]

    variables(AWS_REGION="us-east-1")
    with pytest.raises(PluginValidationError, match="profile 'other', but the program signs with a session"):
        AWSKMSPlugin(Session()).describe_key(DescribeKeyRequest(_KEY, {"profile": "other"}))


def test_settings_of_a_session_stay(variables: Set) -> None:
    """Settings of the handed-over session hold for its client, and what is signed changes no default of it."""
    from boto3.session import Session
    from botocore.config import Config  # type: ignore[import-untyped]

    variables(AWS_REGION="us-east-1")
    core = Session()._session
    core.set_default_client_config(Config(user_agent_appid="build"))
    session = Session(botocore_session=core)
    client = _User(None, session, None).client(Account())
    assert client.meta.config.user_agent_appid == "build"  # type: ignore[attr-defined]
    assert session.client("kms").meta.config.retries.get("total_max_attempts") is None


def test_a_released_user_leaves_nothing_on_a_session(variables: Set) -> None:
    """Each user that is logged in anew takes its hook off the program's session; hooks do not pile up."""
    from boto3.session import Session

    read: list[str] = []
    request = SimpleNamespace(headers=SimpleNamespace(get=read.append))
    variables(AWS_REGION="us-east-1")
    session = Session()
    for _ in range(3):
        user = _User(None, session, None)
        user.client(Account())
        user.release()
    session.events.emit("before-send.sts", request=request)
    assert read == []


def test_services_are_those_of_the_sdk(variables: Set) -> None:
    """The quicker lookup knows the same services, and refuses others with the list of them."""
    variables()
    session = EnvironmentSession(None, None)
    assert list(session.get_available_services()) == Loader().list_available_services("service-2")
    with pytest.raises(UnknownServiceError, match=r"Unknown service: 'nothing'\. Valid service names are: .*\bkms\b"):
        session.client("nothing")


def test_models_of_a_user_come_first(variables: Set, tmp_path: Path) -> None:
    """A model in a folder of $AWS_DATA_PATH replaces the SDK's."""
    model = Loader().load_service_model("kms", "service-2")
    model["metadata"]["serviceFullName"] = "My KMS"
    folder = tmp_path / "models" / "kms" / "2014-11-01"
    folder.mkdir(parents=True)
    (folder / "service-2.json").write_text(json.dumps(model))
    variables(AWS_DATA_PATH=str(tmp_path / "models"), AWS_REGION="us-east-1")
    assert _client().meta.service_model.metadata["serviceFullName"] == "My KMS"
