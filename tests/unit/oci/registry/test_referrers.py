"""Which signatures an artifact has: pages, filters, and where to look where there is no API."""

import json
import time
from collections.abc import Callable
from itertools import islice

import pytest

from notarykit.errors import NetworkError, NotAnIndexError
from notarykit.net.budget import Budget
from notarykit.oci.manifest import EMPTY_TYPE, IMAGE_INDEX, IMAGE_MANIFEST, SIGNATURE_TYPE
from notarykit.oci.registry.host import RegistryHost
from notarykit.oci.registry.repository import RegistryRepository
from tests.servers.registry.http_server import Reply
from tests.unit.oci.registry.fake import API, SUBJECT, TAG, FakeRegistry, digests_of, entry


@pytest.mark.requirement("signature:signature-discovery", "workflow:referrers")
def test_api_is_queried_for_signatures(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """The filter goes along, and its result is the answer."""
    registry.index(API, entry(1), entry(2))
    assert found() == digests_of(1, 2)
    (seen,) = registry.seen
    assert seen.query == {"artifactType": [SIGNATURE_TYPE]}
    assert seen.headers["Accept"] == IMAGE_INDEX


@pytest.mark.requirement("workflow:referrers")
def test_entries_are_filtered_by_artifact_type(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """A registry that does not filter lists what is none of our business; each digest counts once."""
    registry.index(API, entry(1, "application/sbom"), entry(2), entry(3, "text/plain"), entry(2), entry(4))
    assert found() == digests_of(2, 4)


@pytest.mark.requirement("signature:both-manifest-forms")
@pytest.mark.parametrize("listed", ["", EMPTY_TYPE])
def test_untyped_entry_is_resolved_by_its_manifest(
    listed: str, registry: FakeRegistry, found: Callable[[], list[str]]
) -> None:
    """Where the list has no type, or the config's in its place, the manifest itself is asked, in either form."""
    current = registry.manifest(artifactType=SIGNATURE_TYPE, config={"mediaType": EMPTY_TYPE})
    older = registry.manifest(config={"mediaType": SIGNATURE_TYPE})
    others = [
        registry.manifest(artifactType="application/sbom", config={"mediaType": SIGNATURE_TYPE}),
        registry.manifest(config={"mediaType": "application/vnd.oci.image.config.v1+json"}),
        registry.manifest(),
    ]
    registry.index(API, *({**each, "artifactType": listed} for each in (*others, current, older)))
    assert sorted(found()) == sorted([current["digest"], older["digest"]])


def test_unreadable_untyped_entry_is_listed(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """An entry without a type whose manifest cannot be read is listed, so that its fault is heard of."""
    lost, spoiled = entry(7, ""), registry.manifest(artifactType=SIGNATURE_TYPE, a=1)
    registry.at[f"manifests/{spoiled['digest']}"] = Reply(200, (("Content-Type", IMAGE_MANIFEST),), b"{}")
    good = registry.manifest(artifactType=SIGNATURE_TYPE)
    registry.index(API, lost, spoiled, good)
    assert sorted(found()) == sorted([lost["digest"], spoiled["digest"], good["digest"]])


def test_untyped_entries_come_last(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """What the list calls a signature comes first, in its order; of the others, the smaller are looked at first."""
    large, small = (
        registry.manifest(artifactType=SIGNATURE_TYPE, config={"mediaType": EMPTY_TYPE}, pad="x" * size)
        for size in (5000, 5)
    )
    registry.index(API, large, entry(5), small, entry(2))
    assert found() == [*digests_of(5, 2), small["digest"], large["digest"]]


def test_manifest_is_read_up_to_its_listed_size(registry: FakeRegistry, host: RegistryHost) -> None:
    """A manifest that is larger than the list says is not read to its end, so that there is enough left for others."""
    large = registry.manifest(artifactType="application/sbom", pad="x" * 1_000_000)
    other = registry.manifest(artifactType="application/sbom", pad="x" * 1_000)
    registry.index(API, {**large, "size": 100}, other)
    place = RegistryRepository(host, "a/b", budget=Budget(200_000, 60))
    assert [each.digest for each in place.signatures(SUBJECT)] == [large["digest"]]


@pytest.mark.requirement("signature:signature-discovery")
@pytest.mark.parametrize(
    "link",
    [
        '<{}>; rel="next"', "<{}>; rel=next", '<{}>;rel="next"', '<{}> ; REL="Next"', '<{}>; title="x"; rel="next"',
        '</first>; rel="first", <{}>; rel="next"', '<{}>; rel="next", </last>; rel="last"',
        '<{}>; rel=next; title="x"', "</first>; rel=first, <{}>; rel=next",
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["/v2/a/b/{}", "http://{host}/v2/a/b/{}", "?{query}"])
def test_all_pages_are_read(link: str, form: str, registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """The list goes on where the registry says, however it is written."""
    second, third = f"{API}?page=2", f"{API}?page=3"

    def to(page: str) -> str:
        return link.format(form.format(page, host=registry.host, query=page.partition("?")[2]))

    registry.index(API, entry(1), link=to(second))
    registry.index(second, entry(2), entry(3, "x"), link=to(third))
    registry.index(third, entry(4))
    assert found() == digests_of(1, 2, 4)


def test_typed_entries_are_yielded_before_manifests_are_read(
    registry: FakeRegistry, host: RegistryHost, found: Callable[[], list[str]]
) -> None:
    """What others attach without saying what it is, on pages before, is read when all signatures had their turn."""
    unsure = [{**registry.manifest(config={"mediaType": f"x/{number}"}), "artifactType": ""} for number in range(5)]
    registry.index(API, *unsure, link=f'</v2/a/b/{API}?page=2>; rel="next"')
    registry.index(f"{API}?page=2", entry(1))
    assert next(RegistryRepository(host, "a/b").signatures(SUBJECT)).digest == digests_of(1)[0]
    assert not any("/manifests/" in each.target for each in registry.seen)
    assert found() == digests_of(1)


@pytest.mark.parametrize("link", ['</x>; rel="prev"', '</x>; rel="nextone"', "</x>", "", "rel=next", "</x>; rel=nexts"])
def test_other_links_end_the_list(link: str, registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """A link that is not the next page's is not followed."""
    registry.index(API, entry(1), link=link)
    assert found() == digests_of(1)


@pytest.mark.parametrize(
    "link", ["<" * 60_000, "<>" * 30_000, "<>;" * 20_000, "<>" + "; " * 30_000, "<>;" + " " * 60_000]
)
def test_long_link_header_is_parsed_quickly(link: str, registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """The longest field that is read is understood, or not, in a moment."""
    registry.index(API, entry(1), link=link)
    begin = time.process_time()
    assert found() == digests_of(1)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("to", [f"{API}", f"{API}?page=2"])
def test_loop_of_pages_is_an_error(to: str, registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """A page that was there already ends the list with a message of its own."""
    query = f"?artifactType={SIGNATURE_TYPE.replace('/', '%2F')}"
    registry.index(API, entry(1), link=f'</v2/a/b/{API}?page=2>; rel="next"')
    target = f"{to}{query}" if to == API else to
    registry.index(f"{API}?page=2", entry(2), link=f'</v2/a/b/{target}>; rel="next"')
    with pytest.raises(NetworkError, match=f"^{registry.host}: list of referrers: the pages form a loop$"):
        found()


def test_pages_are_limited(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """After 200 pages the list ends with a message of its own."""
    for page in range(300):
        path = f"{API}?page={page}" if page else API
        registry.index(path, link=f'</v2/a/b/{API}?page={page + 1}>; rel="next"')
    with pytest.raises(NetworkError, match=f"^{registry.host}: list of referrers: more than 200 pages$"):
        found()
    assert len(registry.seen) == 200


def test_pages_are_read_lazily(registry: FakeRegistry, host: RegistryHost) -> None:
    """Who has seen enough does not cause the next page to be asked for."""
    registry.index(API, entry(1), entry(2), link=f'</v2/a/b/{API}?page=2>; rel="next"')
    assert len(list(islice(RegistryRepository(host, "a/b").signatures(SUBJECT), 2))) == 2
    assert len(registry.seen) == 1


@pytest.mark.parametrize("link", ["http://127.0.0.1:1/x", "https://localhost/", "//other.test/", "http://localhost:1/"])
def test_page_at_another_host_is_refused(link: str, registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """The list is the registry's own, and no other host's."""
    registry.index(API, entry(1), link=f'<{link}>; rel="next"')
    with pytest.raises(NetworkError, match="list of referrers: the next page is at another host"):
        found()


@pytest.mark.parametrize("link", ["ftp://host/", "http://[", "http://me:secret@host/", "http://host:x/", "/a b"])
def test_malformed_page_url_is_refused(link: str, registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """A link that is no address is refused."""
    registry.index(API, entry(1), link=f'<{link}>; rel="next"')
    with pytest.raises(NetworkError, match=r"is not a URL of the form|malformed URL") as caught:
        found()
    assert "secret" not in caught.value.one_line()


@pytest.mark.parametrize(
    ("reply", "is_absent"),
    [
        (Reply(404), True),
        (Reply(404, (), b"404 page not found"), True),
        (Reply(404, (), b'{"errors":[{"code":"NOT_FOUND"}]}'), True),
        (Reply(200, (("Content-Type", "text/html"),), b"<html>"), True),
        (Reply(404, (), b'{"errors":[{"code":"NAME_UNKNOWN"}]}'), True),
        (Reply(405), True),
        (Reply(501), True),
        (Reply(400), False),
        (Reply(429), False),
        (Reply(500), False),
    ],
)
def test_missing_api_falls_back_to_the_tag(
    reply: Reply, is_absent: bool, registry: FakeRegistry, found: Callable[[], list[str]]
) -> None:
    """A registry that does not know the API is asked for the tag; one that fails is not."""
    registry.at[API] = reply
    registry.index(f"manifests/{TAG}", entry(1), entry(2, "x"), entry(3))
    if is_absent:
        assert found() == digests_of(1, 3)
        return
    with pytest.raises(NetworkError, match=rf"^{registry.host}: list of referrers: status {reply.status}$"):
        found()


def test_no_api_and_no_tag_means_no_signatures(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """Without both there is no signature."""
    assert found() == []
    assert [seen.path for seen in registry.seen] == [f"/v2/a/b/{API}", f"/v2/a/b/manifests/{TAG}"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"manifests": {}}', b'{"manifests": [1]}', b'{"manifests": [{}]}',
     b'{"manifests":[],"manifests":[]}',
     json.dumps({"manifests": [{**entry(1), "digest": "sha256:../../x"}]}).encode(),
     json.dumps({"manifests": [{**entry(1), "size": -1}]}).encode()],
)  # fmt: skip
def test_malformed_list_is_an_error(body: bytes, registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """A list of the API that is none is told as that, and one under the tag is as if it were not there."""
    malformed = Reply(200, (("Content-Type", IMAGE_INDEX),), body)
    registry.at[f"manifests/{TAG}"] = malformed
    assert found() == []
    registry.at[API] = malformed
    with pytest.raises(NotAnIndexError, match="list of referrers is malformed"):
        found()


def test_null_in_entries(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """What an entry does not have may be null, as programs in Go write it."""
    null = {"annotations": None, "artifactType": None, "urls": None, "platform": None, "data": None}
    registry.index(API, {**entry(1), "annotations": None}, {**registry.manifest(artifactType=SIGNATURE_TYPE), **null})
    assert len(found()) == 2


def test_null_for_nothing(registry: FakeRegistry, found: Callable[[], list[str]]) -> None:
    """Some registries write null for an empty list."""
    registry.at[API] = Reply(200, (("Content-Type", f"{IMAGE_INDEX}; charset=utf-8"),), b'{"manifests": null}')
    assert found() == []
