"""Redirects: origins, methods, content and limits."""

import pytest

from notarykit.errors import NetworkError
from tests.servers.registry.http_server import Reply
from tests.unit.net.conftest import Start
from tests.unit.net.server import Browser


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_followed(status: int, browser: Browser, start: Start) -> None:
    """A redirect is followed, and what is told to the same origin in confidence goes along."""
    server = start(Reply(status, (("Location", "/there?x=y"),)), Reply(200, (), b"there"))
    response = browser.get(server, headers={"Authorization": "secret"})
    assert (response.body, response.url) == (b"there", f"{server.url}/there?x=y")
    assert [seen.authorization for seen in server.seen] == ["secret", "secret"]


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_redirect_to_another_origin_drops_authorization(name: str, browser: Browser, start: Start) -> None:
    """Another host, or another port of the same, does not hear who is asking, and neither does whoever comes next."""
    first = start()
    second = start(Reply(307, (("Location", f"{first.url}/back"),)))
    first._answers[:] = [Reply(307, (("Location", second.url),)), Reply(200)]
    assert browser.get(first, headers={name: "secret", "Accept": "kept"}).status == 200
    assert [seen.authorization for seen in (*first.seen, *second.seen)] == ["secret", None, None]
    assert [seen.headers["Accept"] for seen in (*first.seen, *second.seen)] == ["kept", "kept", "kept"]


def test_another_name_of_the_host_drops_authorization(browser: Browser, start: Start) -> None:
    """A name and an address are two, though they lead to one server."""
    server = start()
    server._answers[:] = [Reply(307, (("Location", f"http://{server.host}/"),)), Reply(200)]
    assert browser.get(server, headers={"Authorization": "secret"}).status == 200
    assert [seen.authorization for seen in server.seen] == ["secret", None]


@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_redirect_307_and_308_keep_the_content(method: str, status: int, browser: Browser, start: Start) -> None:
    """What is written goes on as it is, to another origin too, which does not hear who asks."""
    other = start(Reply(201))
    server = start(Reply(status, (("Location", "/there"),)), Reply(status, (("Location", f"{other.url}/end"),)))
    headers = {"Authorization": "secret", "Content-Type": "text/plain"}
    response = browser.get(server, method=method, body=b"x", headers=headers)
    assert (response.status, response.url) == (201, f"{other.url}/end")
    seen = [*server.seen, *other.seen]
    assert [(each.method, each.target, each.body, each.headers["Content-Type"]) for each in seen] == [
        (method, target, b"x", "text/plain") for target in ("/", "/there", "/end")
    ]
    assert [each.authorization for each in seen] == ["secret", "secret", None]


def test_redirect_is_followed_for_requests_that_are_not_repeatable(browser: Browser, start: Start) -> None:
    """Going on is not sending twice: whoever leads on has done nothing."""
    server = start(Reply(307, (("Location", "/there"),)), Reply(201))
    assert browser.get(server, method="PUT", body=b"x", is_repeatable=False).status == 201


@pytest.mark.parametrize("status", [301, 302, 303])
@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_redirect_without_content_is_refused(method: str, status: int, browser: Browser, start: Start) -> None:
    """A redirect that may make a GET of what is sent ends it, and says where it leads."""
    server = start(Reply(status, (("Location", "/there?signature=secret"),)))
    with pytest.raises(NetworkError) as caught:
        browser.get(server, method=method, body=b"x")
    assert caught.value.one_line() == (
        f"{method} {server.url}/: status {status} redirects to {server.url}/there without the request's content: "
        "use the address of the redirect"
    )
    assert len(server.seen) == 1


def test_confidential_content_is_not_redirected_to_another_origin(browser: Browser, start: Start) -> None:
    """Content that is as secret as a password goes on within its origin, and to no other."""
    other = start()
    server = start(Reply(307, (("Location", "/there"),)), Reply(308, (("Location", other.url),)))
    with pytest.raises(NetworkError, match=f"^{server.address} redirects confidential content to {other.address}"):
        browser.get(server, method="POST", body=b"secret", is_confidential=True)
    assert ([each.body for each in server.seen], other.seen) == ([b"secret", b"secret"], [])


def test_redirect_without_location_is_returned(browser: Browser, start: Start) -> None:
    """A redirect that names no address is an answer like any other."""
    assert browser.get(start(Reply(302))).status == 302


def test_redirects_are_limited(browser: Browser, start: Start) -> None:
    """Five redirects are followed; a sixth has a message of its own."""
    there = Reply(302, (("Location", "/?signature=secret"),))
    assert browser.get(start(*[there] * 5, Reply(200))).status == 200
    server = start(there)
    with pytest.raises(NetworkError, match="more than 5 redirects") as caught:
        browser.get(server)
    assert len(server.seen) == 6
    assert "secret" not in caught.value.one_line()


@pytest.mark.parametrize(
    "location", ["ftp://host/secret?a", "https://[", "https://me:secret@host/", "http://host:99999"]
)
def test_malformed_redirect_is_refused(location: str, browser: Browser, start: Start) -> None:
    """A redirect to what is no address ends the request, and no password is repeated."""
    with pytest.raises(NetworkError) as caught:
        browser.get(start(Reply(302, (("Location", location),))))
    assert ":secret" not in caught.value.one_line()
