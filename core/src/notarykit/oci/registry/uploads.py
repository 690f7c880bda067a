"""Blob uploads (distribution-spec 1.1, "Pushing a blob monolithically"): by a single POST, or by POST then PUT."""

from urllib.parse import quote

from notarykit.errors import AccessError, NetworkError
from notarykit.net.messages import Request, Response, StreamedContent
from notarykit.net.retry import is_transient
from notarykit.net.urls import origin_of, resolve_location
from notarykit.oci.manifest import EMPTY_CONFIG, EMPTY_CONFIG_DIGEST, EMPTY_TYPE
from notarykit.oci.registry.endpoint import RepositoryEndpoint

_OK, _CREATED, _ACCEPTED, _NOT_FOUND, _RANGE_NOT_SATISFIABLE = 200, 201, 202, 404, 416
_TOO_MANY_REQUESTS, _UNAVAILABLE = 429, 503
_MAX_ATTEMPTS = 3
_CONTENT_TYPE = {"Content-Type": "application/octet-stream"}
# More is not sent at once: a registry without the single POST gets it a second time.
_MAX_SINGLE_POST = 64 * 1024


def upload_config(endpoint: RepositoryEndpoint) -> bool:
    """Uploads the empty config where it is absent; returns True if the cache alone says that it is present."""
    if endpoint.cached("blobs", EMPTY_CONFIG_DIGEST) is not None:
        return True
    if not is_present(endpoint, EMPTY_CONFIG_DIGEST):
        upload_blob(endpoint, EMPTY_CONFIG_DIGEST, EMPTY_CONFIG)
    endpoint.keep("blobs", EMPTY_CONFIG_DIGEST, EMPTY_TYPE, EMPTY_CONFIG)
    return False


def upload_blob(endpoint: RepositoryEndpoint, digest: str, content: bytes | StreamedContent) -> None:
    """Uploads a blob: small ones by a single POST where the registry takes that, others in a session.

    After a transient fault, or a refusal that may be due to the single POST, a new session is begun.

    Raises:
        StorageError: The registry refuses it.
    """
    begun = _post_at_once(endpoint, digest, content)
    if begun is not None and begun.status == _CREATED:
        return None
    for attempt in range(1, _MAX_ATTEMPTS + 1):
        url = _session_url(endpoint, begun or _start_session(endpoint))
        response: Response | None = None
        try:
            response = _put(endpoint, url, digest, content)
        except NetworkError:  # the broken session is left to the registry
            if attempt == _MAX_ATTEMPTS:
                raise
        if response is not None and (attempt == _MAX_ATTEMPTS or not _may_restart(response, begun)):
            return endpoint.expect_status(response, _CREATED, f"blob {digest}")
        begun = None
        endpoint.host.wait_to_retry(Request("PUT", url, endpoint.budget, 0, attempt=attempt), response)
    raise AssertionError("unreachable")


def _post_at_once(endpoint: RepositoryEndpoint, digest: str, content: bytes | StreamedContent) -> Response | None:
    """Uploads a small blob by a single POST, once and without retries, unless the registry has refused that before.

    Until a registry has been seen to keep such a blob, any failure but a throttle may be its way to refuse; later on,
    transient faults are not, and a denial of access is about the access.

    Returns:
        The response: 201 for a blob that is stored, 202 for a session that has begun instead. None where the blob has
        to be uploaded in a session that is still to begin.

    Raises:
        AccessError: A registry that takes single POSTs denies access.
        NetworkError: The budget is used up.
    """
    host = endpoint.host
    if host.single_post is False or not isinstance(content, bytes) or len(content) > _MAX_SINGLE_POST:
        return None
    url = endpoint.url(f"blobs/uploads/?digest={quote(digest, safe='')}")
    response: Response | None = None
    try:
        response = endpoint.send("POST", url, _CONTENT_TYPE, content, is_repeatable=False)
        if response.status == _CREATED and (host.single_post or is_present(endpoint, digest)):
            host.single_post = True
            return response
    except (AccessError, NetworkError) as error:
        if host.single_post and isinstance(error, AccessError):
            raise
    if _is_refusal(response, is_known=bool(host.single_post)):
        host.single_post = False
    if response is None or is_transient(response.status):
        host.wait_to_retry(Request("POST", url, endpoint.budget, 0), response)
        return None
    return response if response.status == _ACCEPTED and response.header("Location") else None


def _is_refusal(response: Response | None, *, is_known: bool) -> bool:
    """Returns True if a single POST failed for what it is, as far as that can be told; None stands for no response."""
    if is_known:
        return response is not None and not is_transient(response.status)
    return response is None or response.status not in (_TOO_MANY_REQUESTS, _UNAVAILABLE)


def is_present(endpoint: RepositoryEndpoint, digest: str) -> bool:
    """Returns True if the registry has a blob."""
    return endpoint.send("HEAD", f"blobs/{digest}").status == _OK


def _start_session(endpoint: RepositoryEndpoint) -> Response:
    response = endpoint.send("POST", "blobs/uploads/", {"Content-Length": "0"})
    endpoint.expect_status(response, _ACCEPTED, "upload")
    return response


def _session_url(endpoint: RepositoryEndpoint, session: Response) -> str:
    location = session.header("Location")
    if not location:
        raise NetworkError(f"{endpoint.place}: upload: the response has no Location")
    url = resolve_location(session.url, location)
    origin_of(url)  # a malformed URL is no reason to retry
    return url


def _put(endpoint: RepositoryEndpoint, url: str, digest: str, content: bytes | StreamedContent) -> Response:
    target = f"{url}{'&' if '?' in url else '?'}digest={quote(digest, safe='')}"
    return endpoint.send("PUT", target, _CONTENT_TYPE, content, is_repeatable=False)


def _may_restart(response: Response, begun: Response | None) -> bool:
    """Returns True if a new session may succeed.

    That is after a transient fault, for a session unknown to the registry, and where a single POST has begun the
    session, which may have the content already.
    """
    if begun is not None:
        return response.status != _CREATED
    return is_transient(response.status) or response.status in (_NOT_FOUND, _RANGE_NOT_SATISFIABLE)
