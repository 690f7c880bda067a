"""Names that `notarykit.plugin` hands out, and the imports of providers."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from notarykit import plugin

_ROOT = Path(__file__).parents[3]
_PROVIDERS = [*sorted(_ROOT.glob("plugins/*")), _ROOT / "plugin-template" / "template"]
_ALLOWED = {"notarykit.plugin", "notarykit.errors"}


def test_each_name_is_handed_out() -> None:
    """Each public name is there, and listed."""
    assert len(set(plugin.__all__)) == len(plugin.__all__)
    assert {name for names in plugin._HOMES.values() for name in names} == set(plugin.__all__) - {"executable"}
    assert [name for name in plugin.__all__ if getattr(plugin, name, None) is None] == []
    assert dir(plugin) == sorted(plugin.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """A name that is not handed out is missing as from any module."""
    with pytest.raises(AttributeError, match=r"^module 'notarykit.plugin' has no attribute 'nothing'$"):
        _ = plugin.nothing


def test_nothing_is_imported_early() -> None:
    """The package and `executable` cost no import; the first use of a name pays for its module."""
    script = (
        f"import sys; sys.path[:] = {sys.path!r}; old = set(sys.modules); from notarykit.plugin import executable; "
        "executable('none.plugin:None'); print(sorted(set(sys.modules) - old))"
    )
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['notarykit', 'notarykit.plugin']\n"


def _imports(source: str) -> Iterator[str]:
    """Yields the modules of core that a module's source imports, for types too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "notarykit")
        elif isinstance(node, ast.ImportFrom) and node.module == "notarykit":
            yield from (f"notarykit.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("notarykit."):
            yield node.module or ""


@pytest.mark.parametrize("folder", _PROVIDERS, ids=lambda path: path.name)
def test_provider_imports_two_modules(folder: Path) -> None:
    """A provider, and what the template makes, imports `notarykit.plugin` and `notarykit.errors` alone of core."""
    sources = [path for path in folder.glob("src/**/*") if path.suffix in (".py", ".jinja")]
    assert sources
    imports = [(path.name, module) for path in sources for module in _imports(_rendered(path))]
    assert [imported for imported in imports if imported[1] not in _ALLOWED] == []


def _rendered(path: Path) -> str:
    """Returns a source, with a name in the place of each variable of the template."""
    return re.sub(r"{{.*?}}", "rendered", path.read_text())
