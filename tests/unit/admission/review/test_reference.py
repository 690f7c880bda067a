"""References of images: what nodes would read in another way is refused."""

import pytest

from notarykit import parse_reference
from notarykit.errors import UsageError
from notarykit_admission.review.reference import LONGEST_REFERENCE, read_reference

_DIGEST = f"sha256:{'ab' * 32}"


@pytest.mark.parametrize(
    "name",
    [
        "r.test/web",
        "Registry.Test/web",
        "r.test:5000/web",
        "localhost/web",
        "localhost:5000/web",
        "host:5000/web",
        "[::1]:5000/web",
        "docker.io/library/nginx",
        "docker.io/acme/web",
        "quay.io/web",
    ],
)
@pytest.mark.parametrize("identifier", [":v1", f"@{_DIGEST}", f":v1@{_DIGEST}"])
def test_reference_that_all_read_alike(name: str, identifier: str) -> None:
    """What names its registry in full is what it says."""
    assert read_reference(f"{name}{identifier}") == parse_reference(f"{name}{identifier}")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("acme/web", "docker.io/acme/web"),
        ("library/nginx", "docker.io/library/nginx"),
        ("host/deep/web", "docker.io/host/deep/web"),
        ("Acme/web", "docker.io/acme/web"),
        ("localHost/web", "docker.io/localhost/web"),
        ("docker.io/nginx", "docker.io/library/nginx"),
        ("index.docker.io/nginx", "docker.io/library/nginx"),
    ],
)
@pytest.mark.parametrize("identifier", [":v1", f"@{_DIGEST}"])
def test_reference_that_nodes_read_in_another_way(name: str, read: str, identifier: str) -> None:
    """A name that leaves out Docker Hub, or its library, is refused with what nodes make of it."""
    with pytest.raises(UsageError) as caught:
        read_reference(f"{name}{identifier}")
    assert caught.value.message == f"a node reads {name} as {read}"


def test_reference_that_is_too_long() -> None:
    """Nothing is kept, asked or logged for a name that no registry has; the longest ones that exist are read."""
    longest = f"{'h' * 253}.test:5000/{'n' * 255}:{'t' * 128}@sha512:{'ab' * 64}"
    assert len(longest) <= LONGEST_REFERENCE
    assert read_reference(longest).name == "n" * 255
    with pytest.raises(UsageError) as caught:
        read_reference(f"r.test/{'n' * LONGEST_REFERENCE}@{_DIGEST}")
    assert caught.value.message == "the reference has more than 800 characters"
    with pytest.raises(UsageError) as caught:
        read_reference(f"r.test/{'n' * 256}@{_DIGEST}")
    assert caught.value.message == "the repository's name has more than 255 characters"
