"""Lazy exports of a package (PEP 562): names are imported when they are first used."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def find(package: str, name: str, homes: "Mapping[str, tuple[str, ...]]", namespace: dict[str, object]) -> object:
    """Imports a public name from its module; for a package's `__getattr__`.

    Args:
        package: The package that exports the name.
        name: The name.
        homes: The public names of each module, keyed by the module's path below `notarykit`.
        namespace: The package's globals, in which the object is cached.

    Raises:
        AttributeError: The package has no such name.
    """
    for home, names in homes.items():
        if name in names:
            from importlib import import_module

            value = namespace[name] = getattr(import_module(f"notarykit.{home}"), name)
            return value
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
