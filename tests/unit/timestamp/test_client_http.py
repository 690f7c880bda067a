"""Timestamp client: HTTP responses, redirects, time limits and failing connections."""

from typing import Any

import pytest

from notarykit.net.client import HttpClient
from notarykit.timestamp.cms import LARGEST
from tests.servers.registry.http_server import Reply
from tests.support.responders import Responder
from tests.support.timestamp_responses import make_response
from tests.support.tokens import make_token
from tests.unit.timestamp.authorities import REPLY_TYPE, SIGNATURE, TSA, authority_url, stamp, stamp_error


def _one_too_many(token: bytes) -> bytes:
    return make_response(token) + b"\0" * LARGEST


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"content_type": "text/html"}, "not of the type application/timestamp-reply"),
        ({"content_type": "application/timestamp-query"}, "not of the type application/timestamp-reply"),
        ({"status": 500}, "status 500"),
        ({"status": 404}, "status 404"),
        ({"status": 201}, "status 201"),
        ({"wrap": _one_too_many}, "more than the limit of 131072"),
        ({"wrap": lambda token: make_response(token)[:-1]}, "malformed"),
        ({"wrap": lambda token: make_response(token, trailing=b"\0")}, "malformed"),
        ({"wrap": lambda token: token}, "malformed"),
        ({"wrap": lambda _: b""}, "malformed"),
        ({"wrap": lambda _: b"<html>sorry</html>"}, "malformed"),
        ({"wrap": lambda _: make_response(None)}, ""),
    ],
)
def test_unusable_response_is_refused_without_a_retry(
    responder: Responder, client: HttpClient, options: dict[str, Any], text: str
) -> None:
    """An unusable response is reported, and the request is not repeated."""
    assert text in stamp_error(client, authority_url(responder, **options))
    assert len(responder.seen) == 1


def test_response_without_a_content_type_is_refused(responder: Responder, client: HttpClient) -> None:
    """A response without a content type is refused."""
    url = responder.put("/tsa", make_response(make_token(SIGNATURE, TSA)), None)
    assert "not of the type" in stamp_error(client, url)


def test_response_size_is_limited(responder: Responder, client: HttpClient) -> None:
    """Reading stops at the size limit, with or without a Content-Length."""
    for has_length in (True, False):
        assert stamp_error(client, responder.pour("/tsa", told=has_length, content_type=REPLY_TYPE))


@pytest.mark.parametrize("status", [307, 308])
def test_redirect_that_keeps_the_query_is_followed(responder: Responder, client: HttpClient, status: int) -> None:
    """A redirect that keeps method and body is followed, and the token is verified as always."""
    authority_url(responder, "/elsewhere")
    assert stamp(client, responder.redirect("/tsa", "/elsewhere", status))
    assert [(seen.method, seen.target) for seen in responder.seen] == [("POST", "/tsa"), ("POST", "/elsewhere")]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_redirect_that_may_lose_the_query_is_refused(responder: Responder, client: HttpClient, status: int) -> None:
    """The message has the target of the redirect."""
    authority_url(responder, "/elsewhere")
    assert f"status {status} redirects to {responder.url('/elsewhere')}" in stamp_error(
        client, responder.redirect("/tsa", "/elsewhere", status)
    )
    assert responder.asked["/elsewhere"] == 0


def test_slow_authority_times_out(responder: Responder, client: HttpClient) -> None:
    """The time limit holds for a silent authority and for one that drips bytes."""
    assert stamp_error(client, responder.hang("/tsa"), seconds=0.2)
    assert stamp_error(client, responder.hang("/tsa", Reply(200, (("Content-Type", REPLY_TYPE),))), seconds=0.2)
    slow = responder.drip("/tsa", make_response(make_token(SIGNATURE, TSA)), content_type=REPLY_TYPE)
    assert stamp_error(client, slow, seconds=0.2)


def test_failed_connection_is_reported(responder: Responder, client: HttpClient) -> None:
    """A refused or cut connection is reported, and so is a URL of another scheme."""
    assert "connection refused" in stamp_error(client, responder.refusing_url("/tsa"))
    response = make_response(make_token(SIGNATURE, TSA))
    assert stamp_error(client, responder.cut("/tsa", response, 100, content_type=REPLY_TYPE))
    assert stamp_error(client, responder.cut("/tsa", response, 100, reset=True, content_type=REPLY_TYPE))
    assert "not a URL" in stamp_error(client, "ftp://tsa.example.com/")


def test_query_of_the_url_is_sent_but_not_shown(responder: Responder, client: HttpClient) -> None:
    """The query of the authority's URL is sent, and kept out of messages."""
    url = authority_url(responder, content_type="text/html")
    message = stamp_error(client, f"{url}?key=secret")
    assert url in message
    assert "secret" not in message
    assert responder.seen[0].target == "/tsa?key=secret"
