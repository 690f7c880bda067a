"""Repositories of a registry and tags of a repository: pages, limits, and registries that have no catalogue."""

import json
from collections.abc import Callable

import pytest

from notarykit.errors import AccessError, ArtifactNotFoundError, NetworkError, StorageError
from notarykit.net.budget import Budget
from notarykit.oci.registry import catalog
from notarykit.oci.registry.auth import Credentials
from notarykit.oci.registry.catalog import list_repositories, list_tags
from notarykit.oci.registry.endpoint import RepositoryEndpoint
from notarykit.oci.registry.host import RegistryHost, RegistrySettings
from tests.servers.registry.http_server import Reply
from tests.unit.oci.registry.authenticators import Start, bearer_challenge, token_response
from tests.unit.oci.registry.fake import FakeRegistry

List = Callable[[], list[str]]
# The path of a list, relative to the fake registry's repository, and the member that has its entries.
_CATALOG, _TAGS = ("/v2/_catalog", "repositories"), ("tags/list", "tags")
_NAMES = "name repositories, as arguments REGISTRY/REPOSITORY or in a file with --from"
both = pytest.mark.parametrize("kind", [_CATALOG, _TAGS], ids=["catalogue", "tags"])


@pytest.fixture
def listed(kind: tuple[str, str], host: RegistryHost) -> List:
    """Reads the list of a kind to its end."""
    if kind is _CATALOG:
        return lambda: list(list_repositories(host))
    return lambda: list(list_tags(RepositoryEndpoint(host, "a/b", Budget())))


def _page(registry: FakeRegistry, kind: tuple[str, str], query: str, *names: object, link: str = "") -> None:
    path, member = kind
    headers = (("Link", link),) if link else ()
    registry.at[path + query] = Reply(200, headers, json.dumps({"name": "a/b", member: names}).encode())


def _address(kind: tuple[str, str], query: str) -> str:
    return f"{kind[0] if kind is _CATALOG else '/v2/a/b/tags/list'}{query}"


@both
@pytest.mark.parametrize("form", ["{}", "http://{host}{}"])
def test_all_pages_are_read(kind: tuple[str, str], form: str, registry: FakeRegistry, listed: List) -> None:
    """The list goes on where the header leads, by a relative or an absolute address; each name counts once."""

    def to(query: str) -> str:
        return f'<{form.format(_address(kind, query), host=registry.host)}>; rel="next"'

    _page(registry, kind, "?n=1000", "a", "b", link=to("?last=b&n=2"))
    _page(registry, kind, "?last=b&n=2", "b", "c", link=to("?last=c&n=2"))
    _page(registry, kind, "?last=c&n=2", "../x", "<b>")
    assert listed() == ["a", "b", "c", "../x", "<b>"]
    assert [seen.target for seen in registry.seen] == [
        _address(kind, query) for query in ("?n=1000", "?last=b&n=2", "?last=c&n=2")
    ]


@both
def test_page_size_that_is_refused_is_left_to_the_registry(
    kind: tuple[str, str], registry: FakeRegistry, listed: List
) -> None:
    """A registry that grants fewer entries than a thousand decides itself."""
    registry.at[kind[0] + "?n=1000"] = Reply(400, (), b'{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}')
    _page(registry, kind, "", "a")
    assert listed() == ["a"]


@both
@pytest.mark.parametrize("body", [b'{"tags": null, "repositories": null}', b"{}", b'{"tags": [], "repositories": []}'])
def test_empty_list_is_empty(kind: tuple[str, str], body: bytes, registry: FakeRegistry, listed: List) -> None:
    """Some registries write null for a list without entries."""
    registry.at[kind[0]] = Reply(200, (), body)
    assert listed() == []


@both
@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"repositories": 1, "tags": 1}', b'{"repositories": [1], "tags": [{}]}']
)
def test_malformed_list_is_an_error(kind: tuple[str, str], body: bytes, registry: FakeRegistry, listed: List) -> None:
    """A list that is none is no empty one."""
    registry.at[kind[0]] = Reply(200, (), body)
    with pytest.raises(NetworkError, match=r"(catalogue of repositories|list of tags) is malformed"):
        listed()


@both
@pytest.mark.parametrize("link", ["http://127.0.0.1:1/x", "https://localhost/", "//other.test/v2/_catalog"])
def test_page_at_another_host_is_refused(
    kind: tuple[str, str], link: str, registry: FakeRegistry, listed: List
) -> None:
    """The list is the registry's own, and credentials for it go nowhere else."""
    _page(registry, kind, "", "a", link=f'<{link}>; rel="next"')
    with pytest.raises(NetworkError, match="the next page is at another host"):
        listed()


@both
def test_loop_of_pages_is_an_error(kind: tuple[str, str], registry: FakeRegistry, listed: List) -> None:
    """A page that was there already ends the list with an error."""
    _page(registry, kind, "", "a", link=f'<{_address(kind, "?n=1000")}>; rel="next"')
    with pytest.raises(NetworkError, match="the pages form a loop"):
        listed()


@both
def test_endless_pages_are_limited(
    kind: tuple[str, str], registry: FakeRegistry, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages that never end, with entries or without, end with an error."""
    monkeypatch.setattr(catalog, "_MAX_PAGES", 20)
    for page in range(30):
        _page(registry, kind, f"?p={page}" if page else "", link=f'<{_address(kind, f"?p={page + 1}")}>; rel="next"')
    with pytest.raises(NetworkError, match="more than 20 pages"):
        listed()
    assert len(registry.seen) == 20


@both
def test_entries_are_limited(
    kind: tuple[str, str], registry: FakeRegistry, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more names are kept than the limit."""
    monkeypatch.setattr(catalog, "_MAX_ENTRIES", 3)
    _page(registry, kind, "", *"abcd")
    with pytest.raises(NetworkError, match="more than 3 entries"):
        listed()


@both
def test_length_of_entries_is_limited(
    kind: tuple[str, str], registry: FakeRegistry, listed: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few entries of any length are limited, too, since each page may be as long as its own limit."""
    monkeypatch.setattr(catalog, "_MAX_CHARACTERS", 9)
    _page(registry, kind, "", "a" * 4, "b" * 5)
    assert len(listed()) == 2
    _page(registry, kind, "", "a" * 4, "b" * 6)
    with pytest.raises(NetworkError, match="more than 9 characters"):
        listed()


@both
def test_later_page_that_fails_is_an_error(kind: tuple[str, str], registry: FakeRegistry, listed: List) -> None:
    """A list that breaks off is not taken for the whole."""
    _page(registry, kind, "?n=1000", "a", link=f'<{_address(kind, "?p=2")}>; rel="next"')
    registry.at[kind[0] + "?p=2"] = Reply(404)
    with pytest.raises(NetworkError, match="status 404"):
        listed()


@pytest.mark.parametrize("status", [404, 405, 501])
def test_registry_without_a_catalogue(status: int, registry: FakeRegistry, host: RegistryHost) -> None:
    """The error says to name the repositories."""
    registry.at["/v2/_catalog"] = Reply(status)
    with pytest.raises(StorageError) as caught:
        list_repositories(host)
    assert type(caught.value) is StorageError
    assert caught.value.message == f"{registry.host} has no catalogue of repositories (status {status})"
    assert caught.value.advice == _NAMES


@pytest.mark.parametrize("reply", [Reply(403), Reply(401, (("WWW-Authenticate", 'Basic realm="x"'),))])
def test_denied_catalogue_names_the_way_round(reply: Reply, registry: FakeRegistry, host: RegistryHost) -> None:
    """Registries that keep their catalogue to themselves deny it: the error says to name the repositories."""
    registry.at["/v2/_catalog"] = reply
    with pytest.raises(AccessError) as caught:
        list_repositories(host)
    assert caught.value.message.startswith(f"{registry.host}: catalogue of repositories: ")
    assert caught.value.advice.endswith(f"; or {_NAMES}")


@pytest.mark.parametrize("status", [400, 500])
def test_failing_catalogue_is_no_absent_one(status: int, registry: FakeRegistry, host: RegistryHost) -> None:
    """A registry that fails may have a catalogue all the same."""
    registry.at["/v2/_catalog"] = Reply(status)
    with pytest.raises(NetworkError, match=f"catalogue of repositories: status {status}"):
        list(list_repositories(host))


def test_absent_repository_has_no_tags(host: RegistryHost) -> None:
    """A repository that is not there is an error, and not an empty one."""
    with pytest.raises(ArtifactNotFoundError, match=rf"^there is no repository {host.host}/a/b$"):
        list_tags(RepositoryEndpoint(host, "a/b", Budget()))


def test_token_for_the_catalogue(registry: FakeRegistry, start: Start) -> None:
    """The scope is the catalogue's own, and the credentials are those for the registry as a whole."""
    server = start(token_response())
    looked_up: list[str] = []

    def credentials(name: str) -> Credentials:
        looked_up.append(name)
        return Credentials("tester", "secret")

    registry.at["/v2/_catalog"] = Reply(401, (("WWW-Authenticate", bearer_challenge(server)),))
    settings = RegistrySettings(credentials=credentials, plain_http=frozenset([f"127.0.0.1:{server.port}"]))
    with RegistryHost(registry.host, settings) as host, pytest.raises(AccessError):
        list_repositories(host)
    assert server.seen[0].query["scope"] == ["registry:catalog:*"]
    assert looked_up == [registry.host]
