"""Names in Kubernetes."""

import pytest

from notarykit_admission.names import is_namespace, is_object_name


@pytest.mark.parametrize("name", ["a", "7", "shop-1", "a" * 63])
def test_namespace(name: str) -> None:
    """A namespace's name is a label of up to 63 characters, and so may be an object's."""
    assert is_namespace(name)
    assert is_object_name(name)


@pytest.mark.parametrize("name", ["registry.shop", "a.b-c.7", ".".join(["a" * 63] * 3 + ["b" * 61])])
def test_object_name(name: str) -> None:
    """An object's name may be of several labels, with up to 253 characters; a namespace's is not."""
    assert is_object_name(name)
    assert not is_namespace(name)


@pytest.mark.parametrize(
    "name", ["", "-a", "a-", "A", "a_b", "a b", "a/b", "..", "a..b", "a\n", "a.", ".a", "\u00e4", "\u0663", "a" * 254]
)
def test_no_name(name: str) -> None:
    """What could lead to another place in a path, or is no name to Kubernetes, is none."""
    assert not is_namespace(name)
    assert not is_object_name(name)
