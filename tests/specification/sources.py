"""What the project's files say of requirements: names that are defined and tests with marks, without importing them."""

import ast
import functools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_SOURCES = [ROOT / "core" / "src", ROOT / "admission" / "src", *sorted(ROOT.glob("plugins/*/src"))]
_MARK = "pytest.mark.requirement"


class MarkedTest(NamedTuple):
    """A test that shows that requirements are kept.

    Attributes:
        path: Its file, from the project's root.
        name: Its function.
    """

    path: str
    name: str

    def __str__(self) -> str:
        return f"{self.path}::{self.name}"


Marks = Mapping[str, Sequence[MarkedTest]]
"""The tests that are marked with a requirement, by its id."""


def marks() -> Marks:
    """Collects the marks `requirement("file:name", ...)` of all tests: of functions, their parameters and modules."""
    found: dict[str, list[MarkedTest]] = defaultdict(list)
    for path in sorted([*ROOT.glob("tests/**/test_*.py"), *ROOT.glob("plugins/*/tests/**/test_*.py")]):
        text = path.read_text()
        if _MARK in text:
            for name, test in marked(text, str(path.relative_to(ROOT))):
                if test not in found[name]:
                    found[name].append(test)
    return found


def marked(text: str, path: str) -> Iterator[tuple[str, MarkedTest]]:
    """Returns the marks of one file, with their tests."""
    module = ast.parse(text)
    shared = [name for each in module.body if _is_pytestmark(each) for name in _names(each)]
    for function in ast.walk(module):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name.startswith("test_"):
            names = [name for decorator in function.decorator_list for name in _names(decorator)]
            yield from ((name, MarkedTest(path, function.name)) for name in (*shared, *names))


def _is_pytestmark(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "pytestmark"


def _names(node: ast.AST) -> Iterator[str]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == _MARK:
            yield from (ast.literal_eval(each) for each in call.args)


def source_file(dotted: str) -> Path | None:
    """Returns the file of the module, or of the module that a name is in."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        for source in _SOURCES:
            path = source.joinpath(*parts[:length])
            for file in (path.with_suffix(".py"), path / "__init__.py"):
                if file.is_file():
                    return file
    return None


def is_defined(dotted: str) -> bool:
    """Tells whether a module, or a class, function, method or constant that is defined in one, has the dotted name."""
    file = source_file(dotted)
    if file is None:
        return False
    (source,) = (each for each in _SOURCES if file.is_relative_to(each))
    module = file.relative_to(source).with_suffix("").parts
    rest = dotted.split(".")[len(module) - (module[-1] == "__init__") :]
    body: Sequence[ast.stmt] = _parsed(file).body
    for name in rest:
        found = next((each for each in body if name in _defined(each)), None)
        if found is None:
            return False
        body = found.body if isinstance(found, ast.ClassDef) else []
    return True


@functools.cache
def _parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _defined(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        yield from (each.id for target in statement.targets for each in ast.walk(target) if isinstance(each, ast.Name))
    elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        yield statement.target.id
