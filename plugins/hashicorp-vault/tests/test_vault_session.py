"""Retries and timeouts, bounded by the time left of the call."""

import pytest
from urllib3 import HTTPResponse
from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from notarykit.plugin.time_limit import deadline
from notarykit_hashicorp_vault import session


def _timeouts() -> tuple[float, float]:
    """Returns the connect and read timeouts of one attempt."""
    timeout = session._CallTimeout().clone()
    connect, read = timeout.connect_timeout, timeout.read_timeout
    assert isinstance(connect, float)
    assert isinstance(read, float)
    return connect, read


def test_timeout_is_bounded_by_the_call() -> None:
    """An attempt takes no longer than the time left of the call, nor than its own limit."""
    assert _timeouts() == (10, 30)
    with deadline(2.0):
        assert all(0 < limit <= 2 for limit in _timeouts())
    with deadline(0.0):
        assert all(0 < limit < 0.1 for limit in _timeouts())


@pytest.mark.parametrize("error", [ProtocolError("cut"), None])
def test_transient_fault_is_retried_three_times(error: Exception | None) -> None:
    """A transient fault is retried three times, with any method."""
    retry = session._CallRetry.default()
    response = None if error else HTTPResponse(status=503)
    for _ in range(3):
        retry = retry.increment("POST", "/v1/x", response, error)
    with pytest.raises(MaxRetryError):
        retry.increment("POST", "/v1/x", response, error)


def test_untrusted_certificate_is_not_retried() -> None:
    """An untrusted certificate is not retried."""
    with pytest.raises(MaxRetryError):
        session._CallRetry.default().increment("POST", "/v1/x", None, SSLError("untrusted"))


@pytest.mark.parametrize(("pause", "is_tried"), [("5", True), ("20", False), ("Wed, 01 Jan 2200 00:00:00 GMT", False)])
def test_retry_after_within_the_call_is_honoured(pause: str, is_tried: bool) -> None:
    """A Retry-After is honoured if there is time for it; otherwise the response is the last one."""
    response = HTTPResponse(status=429, headers={"Retry-After": pause})
    with deadline(10.0):
        if is_tried:
            session._CallRetry.default().increment("POST", "/v1/x", response)
        else:
            with pytest.raises(MaxRetryError):
                session._CallRetry.default().increment("POST", "/v1/x", response)


@pytest.mark.parametrize("status", [412, 429, 472, 473, 500, 502, 503, 504])
def test_transient_status_is_retried(status: int) -> None:
    """Transient statuses are retried, also with a body."""
    assert session._CallRetry.default().is_retry("POST", status)


@pytest.mark.parametrize("status", [200, 204, 307, 400, 401, 403, 404, 405, 501])
def test_final_status_is_not_retried(status: int) -> None:
    """Other statuses are not retried."""
    assert not session._CallRetry.default().is_retry("POST", status)
