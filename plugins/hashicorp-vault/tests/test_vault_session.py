"""What is tried again, and for how long: within the time that the host gives, and no longer."""

import pytest
from urllib3 import HTTPResponse
from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from notarykit.plugin.deadline import deadline
from notarykit_hashicorp_vault import session


def _limits() -> tuple[float, float]:
    """How many seconds one try may take, to connect and to read."""
    found = session._TimeLeft().clone()
    connect, read = found.connect_timeout, found.read_timeout
    assert isinstance(connect, float)
    assert isinstance(read, float)
    return connect, read


def test_each_try_has_the_time_that_is_left() -> None:
    """A try may not take longer than all of them together, nor longer than one should."""
    assert _limits() == (10, 30)
    with deadline(2.0):
        assert all(0 < limit <= 2 for limit in _limits())
    with deadline(0.0):
        assert all(0 < limit < 0.1 for limit in _limits())


@pytest.mark.parametrize("error", [ProtocolError("cut"), None])
def test_three_more_tries(error: Exception | None) -> None:
    """A fault that may pass is tried three times more, whatever the method."""
    retry = session._Retry.usual()
    response = None if error else HTTPResponse(status=503)
    for _ in range(3):
        retry = retry.increment("POST", "/v1/x", response, error)
    with pytest.raises(MaxRetryError):
        retry.increment("POST", "/v1/x", response, error)


def test_a_certificate_is_tried_once() -> None:
    """A certificate that is not trusted is not trusted the next time either."""
    with pytest.raises(MaxRetryError):
        session._Retry.usual().increment("POST", "/v1/x", None, SSLError("untrusted"))


@pytest.mark.parametrize(("pause", "is_tried"), [("5", True), ("20", False), ("Wed, 01 Jan 2200 00:00:00 GMT", False)])
def test_a_pause_that_the_server_asks_for(pause: str, is_tried: bool) -> None:
    """A pause is made if there is time for it; otherwise the answer is the last one."""
    response = HTTPResponse(status=429, headers={"Retry-After": pause})
    with deadline(10.0):
        if is_tried:
            session._Retry.usual().increment("POST", "/v1/x", response)
        else:
            with pytest.raises(MaxRetryError):
                session._Retry.usual().increment("POST", "/v1/x", response)


@pytest.mark.parametrize("status", [412, 429, 472, 473, 500, 502, 503, 504])
def test_answers_that_may_pass(status: int) -> None:
    """These answers are tried again, for requests with a body too."""
    assert session._Retry.usual().is_retry("POST", status)


@pytest.mark.parametrize("status", [200, 204, 307, 400, 401, 403, 404, 405, 501])
def test_answers_that_stay(status: int) -> None:
    """Other answers are the server's last word."""
    assert not session._Retry.usual().is_retry("POST", status)
