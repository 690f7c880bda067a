"""Names of a package that are imported when they are first used, so that a program pays only for what it needs."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def find(package: str, name: str, homes: "Mapping[str, tuple[str, ...]]", namespace: dict[str, object]) -> object:
    """The object of a public name, out of its module; for a package's `__getattr__`.

    Args:
        package: The package whose name it is.
        name: The name.
        homes: The public names of each module, modules by their path below `notarykit`.
        namespace: The package's own, where the object is kept.

    Raises:
        AttributeError: The package has no such name.
    """
    for home, names in homes.items():
        if name in names:
            from importlib import import_module

            value = namespace[name] = getattr(import_module(f"notarykit.{home}"), name)
            return value
    raise AttributeError(f"module {package!r} has no attribute {name!r}")
