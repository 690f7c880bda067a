"""Faults of the list of signatures, and of single signatures among good ones."""

from typing import Any

import pytest

from notarykit.errors import (
    ContentError,
    IntegrityError,
    NetworkError,
    NoAcceptedSignatureError,
    NoSignatureError,
    NotarykitError,
    StorageError,
)
from notarykit.net.budget import Budget
from tests.servers.registry import faults
from tests.servers.registry.fault_proxy import Fault
from tests.servers.registry.faults import OCI_INDEX
from tests.servers.registry.scenes import NAME, Scene, error_of, run
from tests.support.registries import push_referrer

MORE = 4
MOST_PAGES = 200
NO_SIGNATURE = b"no envelope"


class TestPages:
    """Lists in more than one piece."""

    @pytest.mark.parametrize("absolute", [False, True], ids=["a path", "an address"])
    @pytest.mark.parametrize("size", [1, 2, MORE, MORE + 1])
    def test_all_pages_count(self, size: int, scene: Scene, *, absolute: bool) -> None:
        """The signatures of all pages are found, each once, and no page is asked for twice."""
        signatures = {scene.signature, *(scene.signed()[0] for _ in range(MORE))}
        scene.proxy.fault(faults.pages(size, absolute=absolute), scene.at("list"))
        found = scene.listed()
        assert len(found) == len(signatures)
        assert set(found) == signatures
        assert scene.requests().count(f"GET {scene.target('list')}") == -(-len(signatures) // size)

    def test_verification_goes_on_to_the_next_page(self, scene: Scene) -> None:
        """What stands before a good signature is reported, on whatever pages, and what stands behind is not fetched."""
        bad = {_junk(scene, [{}], b"%d" % number) for number in range(MORE)}
        scene.proxy.fault(faults.pages(1), scene.at("list"))
        listed = scene.listed()
        assert set(listed) == {scene.signature, *bad}
        found = scene.verify()
        assert found.signature is not None
        assert found.signature.digest == scene.signature
        assert [digest for digest, _ in found.failures] == listed[: listed.index(scene.signature)]

    @pytest.mark.parametrize("length", [1, 2, 5])
    def test_pages_in_a_circle(self, length: int, scene: Scene) -> None:
        """A page that was there before ends the list in one line."""
        rule = scene.proxy.fault(faults.looping_pages(length), scene.at("list"))
        with pytest.raises(NetworkError, match=f"{scene.host.host}: list of referrers: the pages form a loop"):
            scene.listed()
        assert rule.met <= length + 1  # the first page is asked for without a number

    def test_a_good_one_before_the_circle(self, scene: Scene) -> None:
        """Whoever has found a good signature does not go round."""
        rule = scene.proxy.fault(faults.looping_pages(), scene.at("list"))
        assert scene.verify().failures == ()
        assert rule.met == 1

    def test_pages_without_end(self, scene: Scene) -> None:
        """The number of pages is limited."""
        rule = scene.proxy.fault(faults.endless_pages(), scene.at("list"))
        with pytest.raises(NetworkError, match=f"list of referrers: more than {MOST_PAGES} pages"):
            scene.listed()
        assert rule.met == MOST_PAGES

    def test_signatures_without_end(self, scene: Scene) -> None:
        """So is the number of signatures that are tried, and no page is asked for beyond them."""
        rule = scene.proxy.fault(faults.endless_pages(), scene.at("list"))
        with pytest.raises(NoAcceptedSignatureError) as caught:
            scene.verify()
        assert "there are more than the limit of 100 signatures" in caught.value.message
        assert len(caught.value.failures) == 100
        assert rule.met == 101
        assert caught.value.exit_code == 3  # not one of them was there to be judged


class TestAnswersThatAreNoList:
    """A registry of before the API, which answers any path with something."""

    @pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", None])
    def test_another_content_type(self, kind: str | None, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        """What does not say that it is an index is none, and the tag counts in its place."""
        for name in ("_SHORTEST_PAUSE", "_LONGEST_PAUSE"):
            monkeypatch.setattr(f"notarykit.oci.registry.referrers_tag.{name}", 0.0)
        scene.proxy.fault(faults.content_type(kind), scene.at("list"))
        with pytest.raises(NoSignatureError):
            scene.verify()
        tag = f"GET /manifests/{scene.digest.replace(':', '-')}"
        assert scene.requests() == [f"GET {scene.target('artifact')}", f"GET {scene.target('list')}", tag]
        tagged, _ = scene.signed(force_referrers_tag=True)
        assert scene.listed() == [tagged]
        found = scene.verify()
        assert found.signature is not None
        assert found.signature.digest == tagged

    @pytest.mark.parametrize("kind", [f"{OCI_INDEX}; charset=utf-8", OCI_INDEX.upper()])
    def test_another_way_to_write_it(self, kind: str, scene: Scene) -> None:
        """Parameters and capitals do not make it another type."""
        scene.proxy.fault(faults.content_type(kind), scene.at("list"))
        assert scene.listed() == [scene.signature]


class TestOneBadSignature:
    """A signature that cannot be had, before one that is good."""

    def _check(self, scene: Scene, bad: str, kind: type[NotarykitError], reason: str) -> None:
        scene.put_first(bad)
        found = scene.verify()
        assert found.signature is not None
        assert found.signature.digest == scene.signature
        ((digest, error),) = found.failures
        assert digest == bad
        assert isinstance(error, kind)
        assert reason in error.message

    @pytest.mark.parametrize(
        ("layers", "kind", "reason"),
        [
            ([{}], IntegrityError, ""),
            ([{"mediaType": "text/plain"}], NotarykitError, "text/plain"),
            ([], ContentError, ""),
            ([{}, {}], ContentError, ""),
            ([{"size": len(NO_SIGNATURE) - 1}], ContentError, "has another digest or size"),
        ],
        ids=["no envelope", "another type", "no layer", "two layers", "another size"],
    )
    def test_malformed(
        self, layers: list[dict[str, Any]], kind: type[NotarykitError], reason: str, scene: Scene
    ) -> None:
        """It is reported with its digest, and the good one counts."""
        self._check(scene, _junk(scene, layers), kind, reason)

    @pytest.mark.parametrize("is_manifest", [True, False], ids=["manifest", "envelope"])
    @pytest.mark.parametrize(
        ("fault", "kind", "reason"),
        [
            (faults.status(404), StorageError, ""),
            (faults.status(500), NetworkError, "status 500"),
            (faults.corrupted(), ContentError, "has another digest or size"),
            (faults.gzipped(), NetworkError, "compressed"),
            (faults.claimed_length(1 << 40), NetworkError, f"{1 << 40} bytes"),
            (faults.cut_in_body(1), NetworkError, "the connection was closed"),
            (faults.redirected_to("{target}"), NetworkError, "redirects"),
            (faults.redirected_to("ftp://localhost/"), NetworkError, "is not a URL"),
        ],
        ids=["404", "500", "corrupted", "gzip", "claimed", "cut", "redirects", "no address"],
    )
    def test_not_to_be_had(
        self, fault: Fault, kind: type[NotarykitError], reason: str, scene: Scene, *, is_manifest: bool
    ) -> None:
        """The same where the registry does not hand it out as it should."""
        manifest, envelope = scene.signed()
        path = f"/manifests/{manifest}$" if is_manifest else f"/blobs/{envelope}$"
        scene.proxy.fault(fault, faults.at(path))
        self._check(scene, manifest, kind, reason)

    def test_what_a_user_sees(self, scene: Scene) -> None:
        """The artifact is verified; who wants to know more is told of the bad one on standard error."""
        bad = _junk(scene, [])
        scene.put_first(bad)
        reference = f"{scene.host.host}/{NAME}@{scene.digest}"
        done = run(scene.home, "verify", reference)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == f"Successfully verified signature for {reference}\n"
        done = run(scene.home, "verify", "--verbose", reference)
        assert done.returncode == 0
        assert f"{reference}: not accepted: signature {bad}: " in done.stderr

    def test_nothing_but_bad_ones(self, scene: Scene) -> None:
        """Where no signature is good, one line has the number and the first reason."""
        bad = _junk(scene, [])
        scene.put_first(bad)
        scene.proxy.fault(faults.corrupted(), scene.at("envelope"))
        line = error_of(run(scene.home, "verify", f"{scene.host.host}/{NAME}@{scene.digest}"), 1)
        assert "none of the 2 signatures was accepted" in line
        assert bad in line


class TestShares:
    """Signatures that others attach, as large as they like."""

    def test_large_signatures_do_not_keep_the_good_one_from_its_turn(self, scene: Scene) -> None:
        """What nine large envelopes would use up many times is spent on them last."""
        for number in range(9):
            scene.put_first(_junk(scene, [{}], bytes([number]) * 900_000))
        found = scene.verify(Budget(max_bytes=500_000))
        assert found.signature is not None
        assert found.signature.digest == scene.signature
        assert found.failures == ()

    def test_a_hundred_of_the_largest(self, scene: Scene) -> None:
        """Envelopes beyond 1 MiB are not fetched at all, and the others within what an artifact may cost."""
        for number in range(3):
            _junk(scene, [{"size": 32 * 1024 * 1024 - number}], b"%d" % number)
        scene.proxy.fault(faults.corrupted(), scene.at("envelope"))
        with pytest.raises(NoAcceptedSignatureError) as caught:
            scene.verify(Budget(max_bytes=100_000))
        kinds = sorted(type(error).__name__ for _, error in caught.value.failures)
        assert kinds == ["ContentError", *["SignatureSizeError"] * 3]


def _junk(scene: Scene, layers: list[dict[str, Any]], envelope: bytes = NO_SIGNATURE) -> str:
    return push_referrer(scene.registry.address, NAME, scene.digest, envelope, layers)
