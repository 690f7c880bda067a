"""Names that are imported when they are first used."""

import sys
from typing import Any

import pytest

from notarykit._internal.lazy import find
from notarykit.errors import StorageError

_HOMES = {"errors": ("StorageError", "Absent"), "no_such_module": ("Lost",)}


def test_export_is_imported_once_and_cached() -> None:
    """A name is its module's, and is found in the package itself from then on."""
    namespace: dict[str, Any] = {}
    assert find("notarykit", "StorageError", _HOMES, namespace) is StorageError
    assert namespace == {"StorageError": StorageError}


def test_unknown_name_raises_attribute_error() -> None:
    """A name that the package does not have is an AttributeError like any other."""
    with pytest.raises(AttributeError, match=r"^module 'notarykit.x' has no attribute 'Nothing'$"):
        find("notarykit.x", "Nothing", _HOMES, {})


@pytest.mark.parametrize(("name", "kind"), [("Absent", AttributeError), ("Lost", ModuleNotFoundError)])
def test_wrong_home_raises(name: str, kind: type[Exception]) -> None:
    """A name whose module does not have it, or is not there, is not kept."""
    namespace: dict[str, Any] = {}
    with pytest.raises(kind):
        find("notarykit", name, _HOMES, namespace)
    assert not namespace


@pytest.mark.parametrize(("package", "own"), [("notarykit", set()), ("notarykit.plugin", {"executable"})])
def test_every_public_name_resolves(package: str, own: set[str]) -> None:
    """Every public name of a package leads somewhere; a few are the package's own."""
    __import__(package)
    module: Any = sys.modules[package]
    homes = {name for names in module._HOMES.values() for name in names}
    assert len(homes) == sum(map(len, module._HOMES.values()))
    assert set(module.__all__) == homes | own
    for name in module.__all__:
        assert getattr(module, name) is not None
    assert dir(module) == sorted(module.__all__)
