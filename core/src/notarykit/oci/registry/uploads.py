"""Blob uploads (distribution-spec 1.1, "Pushing a blob monolithically", POST then PUT)."""

from urllib.parse import quote

from notarykit.errors import NetworkError
from notarykit.net.messages import Request, Response
from notarykit.net.retry import is_transient
from notarykit.net.urls import origin_of, resolve_location
from notarykit.oci.manifest import EMPTY_CONFIG, EMPTY_CONFIG_DIGEST, EMPTY_TYPE
from notarykit.oci.registry.endpoint import RepositoryEndpoint

_OK, _CREATED, _ACCEPTED, _NOT_FOUND, _RANGE_NOT_SATISFIABLE = 200, 201, 202, 404, 416
_MAX_ATTEMPTS = 3


def upload_config(endpoint: RepositoryEndpoint) -> bool:
    """Uploads the empty config where it is absent; returns True if the cache alone says that it is present."""
    if endpoint.cached("blobs", EMPTY_CONFIG_DIGEST) is not None:
        return True
    if endpoint.send("HEAD", f"blobs/{EMPTY_CONFIG_DIGEST}").status != _OK:
        upload_blob(endpoint, EMPTY_CONFIG_DIGEST, EMPTY_CONFIG)
    endpoint.keep("blobs", EMPTY_CONFIG_DIGEST, EMPTY_TYPE, EMPTY_CONFIG)
    return False


def upload_blob(endpoint: RepositoryEndpoint, digest: str, content: bytes) -> None:
    """Uploads a blob, in a new session after a transient fault.

    Raises:
        StorageError: The registry refuses it.
    """
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        url = _start_session(endpoint)
        response: Response | None = None
        try:
            response = _upload(endpoint, url, digest, content)
        except NetworkError:  # the broken session is left to the registry
            if attempt == _MAX_ATTEMPTS:
                raise
        if response is not None and (attempt == _MAX_ATTEMPTS or not _may_restart(response)):
            return endpoint.expect_status(response, _CREATED, f"blob {digest}")
        endpoint.host.wait_to_retry(Request("PUT", url, endpoint.budget, 0, attempt=attempt), response)
    raise AssertionError("unreachable")


def _start_session(endpoint: RepositoryEndpoint) -> str:
    session = endpoint.send("POST", "blobs/uploads/", {"Content-Length": "0"})
    location = session.header("Location")
    endpoint.expect_status(session, _ACCEPTED, "upload")
    if not location:
        raise NetworkError(f"{endpoint.place}: upload: the response has no Location")
    url = resolve_location(session.url, location)
    origin_of(url)  # a malformed URL is no reason to retry
    return url


def _upload(endpoint: RepositoryEndpoint, url: str, digest: str, content: bytes) -> Response:
    target = f"{url}{'&' if '?' in url else '?'}digest={quote(digest, safe='')}"
    headers = {"Content-Type": "application/octet-stream"}
    return endpoint.send("PUT", target, headers, content, is_repeatable=False)


def _may_restart(response: Response) -> bool:
    """Returns True if a new session may succeed: a transient fault, or a session unknown to the registry."""
    return is_transient(response.status) or response.status in (_NOT_FOUND, _RANGE_NOT_SATISFIABLE)
