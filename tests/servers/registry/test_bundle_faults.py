"""Bundles and registries that fail in the middle: of a download it is begun again, of a push the command."""

import http.client
from contextlib import closing
from pathlib import Path

import pytest

import notarykit
from notarykit.errors import AccessError, ContentError, NetworkError, StorageError
from tests.servers.registry import faults
from tests.servers.registry.factories import FaultProxies
from tests.servers.registry.fault_proxy import FaultProxy
from tests.servers.registry.faults import at
from tests.servers.registry.running import Registry
from tests.support.bundles import members_of
from tests.support.homes import SCOPE, Home
from tests.support.layouts import add_blob, make_layout
from tests.unit.bundle.making import verdicts

NAME = "tests"
LAYER = b"content of v1"
_LAYER_BLOB = r"/blobs/sha256:e06bc275d3d314f3c318413bb6a5fc5f0fccece87eb5b908497a4856e3009817$"


class Place:
    """A registry with a signed artifact that has a layer, behind a server that can do wrong.

    Attributes:
        proxy: The server.
        registries: Registries, as the user's settings say.
        reference: The artifact, behind the server.
        verifier: The user's trust.
    """

    def __init__(self, registry: Registry, proxy: FaultProxy, folder: Path) -> None:
        self.registry, self.proxy = registry, proxy
        layout = make_layout(folder / "hello")
        assert add_blob(layout.path, LAYER).endswith(_LAYER_BLOB.rpartition(":")[2].rstrip("$"))
        self.digest = layout.digest
        reference = notarykit.parse_layout_reference(f"{layout.path}@{layout.digest}")
        notarykit.sign(reference)
        self.bundle = notarykit.create_bundle(folder / "first.tar", [reference], scope=SCOPE)
        self.reference = notarykit.parse_reference(f"{proxy.host}/{NAME}@{layout.digest}")
        self.verifier = notarykit.load_verifier()

    def push(self) -> None:
        """Pushes the artifact, through the server."""
        with notarykit.load_registries() as registries:
            notarykit.push_bundle(self.bundle, self.proxy.host, registries=registries)

    def create(self, path: Path) -> str:
        """Makes a bundle of the artifact, through the server."""
        with notarykit.load_registries() as registries:
            return notarykit.create_bundle(path, [self.reference], registries=registries).name


@pytest.fixture
def place(
    memory_registry: Registry, fault_proxy: FaultProxies, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Place:
    """A registry that is empty, behind a server that can do wrong."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    assert home.policy_file.exists()
    return Place(memory_registry, fault_proxy(memory_registry), tmp_path)


_PASSING = {
    "cut": faults.cut_in_body(5),
    "reset": faults.cut_in_body(5, reset=True),
    "cut before": faults.cut_before_headers(),
}


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("name", _PASSING)
def test_broken_download_is_begun_again(place: Place, tmp_path: Path, name: str, times: int) -> None:
    """A layer whose download breaks off is downloaded again, and stands in the bundle once and whole."""
    place.push()
    rule = place.proxy.fault(_PASSING[name], at(_LAYER_BLOB, "GET"), times)
    path = place.create(tmp_path / "x.tar")
    assert rule.met == times
    assert list(members_of(path).values()).count(LAYER) == 1
    assert len(verdicts(path, place.verifier)) == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("corrupted", ContentError),
        ("shortened", ContentError),
        ("lengthened", ContentError),
        ("missing", StorageError),
        ("denied", AccessError),
        ("gone", NetworkError),
        ("endless", NetworkError),
    ],
)
def test_layer_that_cannot_be_had(place: Place, tmp_path: Path, name: str, kind: type[Exception]) -> None:
    """A layer that is wrong, or is not there, ends the work; no file is left, and an old one stays."""
    place.push()
    fault = {
        "corrupted": faults.corrupted(),
        "shortened": faults.shortened(),
        "lengthened": faults.lengthened(),
        "missing": faults.status(404),
        "denied": faults.status(403),
        "gone": faults.cut_in_body(5),
        "endless": faults.endless(),
    }[name]
    place.proxy.fault(fault, at(_LAYER_BLOB, "GET"))
    path = tmp_path / "x.tar"
    path.write_bytes(b"old")
    with pytest.raises(kind):
        place.create(path)
    assert path.read_bytes() == b"old"
    assert not Path(f"{path}.partial").exists()


def _has(registry: Registry, path: str) -> bool:
    with closing(http.client.HTTPConnection(registry.address, timeout=30)) as connection:
        connection.request("GET", f"/v2/{NAME}/{path}", headers={"Accept": "*/*"})
        return connection.getresponse().status == 200


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/blobs/uploads/", "POST"),
        ("/blobs/uploads/.", "PUT"),
        ("/manifests/sha256:[0-9a-f]{64}$", "PUT"),
        ("/referrers/", "GET"),
    ],
)
def test_interrupted_push_is_begun_again(place: Place, path: str, method: str) -> None:
    """A push that a registry's failure has ended leaves nothing half, and the same command completes it."""
    for nth in range(8):
        place.proxy.clear()
        requests: list[int] = []
        place.proxy.fault(
            faults.status(400),
            lambda seen, requests=requests, nth=nth: (  # type: ignore[misc]
                at(path, method)(seen) and (requests.append(1), len(requests) > nth)[1]
            ),
        )
        try:
            place.push()
        except StorageError:
            if _has(place.registry, f"manifests/{place.digest}"):
                assert _has(place.registry, _LAYER_BLOB.strip("/$"))
            continue
        break
    place.proxy.clear()
    place.push()
    with notarykit.load_registries() as registries:
        assert isinstance(notarykit.verify(place.reference, registries=registries).verdict, notarykit.Verified)
        found = registries.open(place.reference)
        assert len(list(found.signatures(found.resolve(place.reference.identifier)))) == 1


def test_upload_that_breaks_off_is_begun_again(place: Place) -> None:
    """An upload of a layer whose connection breaks is begun anew, from the layer's beginning."""
    rule = place.proxy.fault(faults.cut_before_headers(), at("/blobs/uploads/.", "PUT"), 1)
    place.push()
    assert rule.met == 1
    assert _has(place.registry, _LAYER_BLOB.strip("/$"))


def test_program_pushes_what_it_trusts(place: Place) -> None:
    """A program pushes nothing of a bundle in which it does not trust everything, unless it asks for that."""
    stranger = place.verifier._replace(store=notarykit.MemoryTrustStore({}))
    with notarykit.load_registries() as registries:
        with pytest.raises(notarykit.NotarykitError):
            notarykit.push_bundle(place.bundle, place.proxy.host, verifier=stranger, registries=registries)
        assert place.proxy.seen == []
        digest = place.bundle.trust.descriptor.digest
        ((artifact, pushed),) = notarykit.push_bundle(
            place.bundle, place.proxy.host, verifier=stranger, trust_digest=digest, registries=registries
        )
        assert len(pushed.signatures) == len(artifact.signatures) == 1
        notarykit.push_bundle(
            place.bundle, place.proxy.host, verifier=stranger, allow_unverified=True, registries=registries
        )
    assert _has(place.registry, f"manifests/{place.digest}")
