"""The stand-in itself: requests and responses outside Key Vault's API fail the test."""

from typing import Any

import pytest

from tests.servers.azure import api
from tests.servers.azure.keyvault import KeyVault
from tests.servers.registry.certificates import RegistryCA

VERSION = "api-version=2025-07-01"
NUMBER = "0" * 32


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", f"/keys/build/{NUMBER}"),
        ("GET", "/keys/build/?api-version=7.4"),
        ("GET", f"/keys/build/?{VERSION}&more=1"),
        ("GET", f"/keys/build?{VERSION}"),
        ("GET", f"/keys/build/{NUMBER}/attestation?{VERSION}"),
        ("GET", f"/keys/a_b/?{VERSION}"),
        ("POST", f"/keys/build/{NUMBER}?{VERSION}"),
        ("GET", f"/keys/build/{NUMBER}/sign?{VERSION}"),
        ("DELETE", f"/keys/build/{NUMBER}?{VERSION}"),
        ("GET", f"/certificates/build/pending/merge?{VERSION}"),
    ],
)
def test_request_outside_the_api_is_refused(method: str, target: str) -> None:
    """Another path, method, query or version is not in the API."""
    with pytest.raises(api.NotInApiError):
        api.call_of(method, target)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        (f"/keys/build/{NUMBER}/sign", None),
        (f"/keys/build/{NUMBER}/sign", {"alg": "PS256"}),
        (f"/keys/build/{NUMBER}/sign", {"alg": "PS256", "value": "AA", "more": 1}),
        (f"/keys/build/{NUMBER}/sign", {"alg": "PS1", "value": "AA"}),
        (f"/keys/build/{NUMBER}/sign", {"alg": "PS256", "value": "AA=="}),
        ("/certificates/build/pending/merge", {"x5c": "AA=="}),
        ("/certificates/build/pending/merge", {"x5c": [1]}),
    ],
)
def test_body_outside_the_api_is_refused(target: str, body: Any) -> None:
    """Missing, additional and malformed members are not in the API."""
    with pytest.raises(api.NotInApiError):
        api.check_body(api.call_of("POST", f"{target}?{VERSION}"), body)


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("KeyBundle", {"key": {"d": "private"}}),
        ("KeyBundle", {"attributes": {"state": "on"}}),
        ("KeyListResult", {"value": [{"key": {}}]}),
        ("KeyVaultError", {"error": {"innererror": {"reason": ""}}}),
    ],
)
def test_response_outside_the_api_is_refused(kind: str, content: dict[str, Any]) -> None:
    """The stand-in cannot return what a vault does not."""
    with pytest.raises(api.NotInApiError):
        api.check_response(kind, content)


def test_server_listens_on_loopback_only(azure_ca: RegistryCA) -> None:
    """The stand-in is on 127.0.0.1."""
    with KeyVault(azure_ca.server()) as server:
        assert server.address == f"127.0.0.1:{server.port}"
