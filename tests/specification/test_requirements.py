"""Every rule of the specification is kept by something that is there, and shown by a test."""

import pytest

from tests.docs.test_documents import DOCUMENTS
from tests.specification import keywords
from tests.specification.page import PAGE, page
from tests.specification.requirements import Document, Requirement, documents, problems
from tests.specification.sources import MarkedTest, is_defined, marked, marks


def test_every_requirement_is_kept_and_tested() -> None:
    """No keyword of the specification is left out, and no requirement is without its code and its test."""
    assert list(problems(documents()[1], marks())) == []


def test_page_is_current() -> None:
    """The page shows the files and marks as they are, and its links are looked at with those of other pages."""
    assert PAGE.read_text() == page(*documents(), marks()), "run: python tests/specification/page.py"
    assert PAGE in DOCUMENTS


def test_page_shows_no_markup_of_a_sentence() -> None:
    """No text of the files breaks a row of the page's tables."""
    for line in PAGE.read_text().splitlines():
        if line.startswith("| ["):
            assert line.count("|") in (5, 6), line


def test_keywords_are_found_in_all_their_forms() -> None:
    """Keywords are counted in capitals and as words, negated or not, in code too, and headings outside of it."""
    text = "# A `b` *c*\nIt MUST NOT, must not or SHOULD be; NOT RECOMMENDED\n```\n# MUST\n```\n"
    text += "## D\nnot recommended, required\n"
    found = keywords.read(text)
    assert found.headings == [(1, "A b c"), (6, "D")]
    expected = [(2, "MUST NOT"), (2, "must not"), (2, "SHOULD"), (2, "NOT RECOMMENDED"), (4, "MUST")]
    assert found.keywords == [*expected, (7, "not recommended")]
    assert found.section(5) == "A b c"
    assert found.section(7) == "D"


_TEXT = keywords.read("# Title\n\nOne MUST.\nTwo SHOULD and MUST NOT.\n")
_KEPT = ("notarykit.trust.policy",)
_FIRST = Requirement("x:first", ((3, "MUST"),), "One.", _KEPT, "", "", "")
_SECOND = Requirement("x:second", ((4, "SHOULD"), (4, "MUST NOT")), "Two.", (), "whoever reads", "", "")
_TESTS = [MarkedTest("tests/test_x.py", "test_one")]


def _problems(*requirements: Requirement, marked: str = "x:first", unfinished: bool = False) -> list[str]:
    return list(problems((Document("x", "x.md", _TEXT, unfinished, requirements),), {marked: _TESTS}))


def test_nothing_is_wrong_where_all_is_kept() -> None:
    """A requirement with code and test, and one of others, are all that a document with three keywords needs."""
    assert _problems(_FIRST, _SECOND) == []
    assert _problems(_FIRST, unfinished=True) == []


@pytest.mark.parametrize(
    ("requirement", "problem"),
    [
        (_FIRST._replace(keywords=((3, "SHOULD"),)), "line 3 of the document has no SHOULD"),
        (_FIRST._replace(keywords=((3, "MUST"), (3, "MUST"))), "line 3 of the document has no MUST"),
        (_FIRST._replace(keywords=((3, "rule"),)), "nothing covers MUST in line 3"),
        (_FIRST._replace(keywords=()), "nothing covers MUST in line 3"),
        (_FIRST._replace(id="x:First"), "an id is of lower-case words"),
        (_FIRST._replace(says="One"), "is a sentence"),
        (_FIRST._replace(kept=()), "names nothing that keeps it"),
        (_FIRST._replace(kept=("notarykit.trust.policies",)), "there is no notarykit.trust.policies"),
        (_FIRST._replace(theirs="somebody"), "is either theirs or ours"),
        (_FIRST._replace(kept=(), otherwise="a reason"), "is no SHOULD"),
        (_FIRST._replace(id="x:other"), "x:other: no test is marked with it"),
        (_FIRST._replace(id="x:other"), "tests/test_x.py::test_one: is marked with x:first, which no file has"),
        (_FIRST._replace(id="x:second"), "x:second: 2 requirements have this id"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_found(requirement: Requirement, problem: str) -> None:
    """Each way in which files and marks can be wrong is told."""
    second = _SECOND._replace(keywords=_SECOND.keywords if requirement.keywords else _SECOND.keywords[:1])
    assert any(problem in each for each in _problems(requirement, second)), problem


def test_a_should_may_have_a_reason_in_place_of_code() -> None:
    """Doing otherwise than a SHOULD says is told with its reason."""
    should = Requirement("x:second", ((4, "SHOULD"),), "Two.", (), "", "a reason", "")
    must_not = _FIRST._replace(id="x:third", keywords=((4, "MUST NOT"),), kept=(), theirs="whoever reads")
    assert _problems(_FIRST, should, must_not) == []


@pytest.mark.parametrize(
    ("words", "level"),
    [
        (("SHOULD", "MUST NOT"), "MUST NOT"),
        (("should not",), "SHOULD NOT"),
        (("NOT RECOMMENDED",), "SHOULD NOT"),
        (("REQUIRED", "SHOULD NOT"), "MUST"),
        (("rule",), "MUST"),
        (("SHALL NOT",), "MUST NOT"),
        (("recommended",), "SHOULD"),
    ],
)
def test_level_is_that_of_the_strongest_keyword(words: tuple[str, ...], level: str) -> None:
    """A requirement with several keywords has the level of the first that is as strong as a MUST."""
    assert _FIRST._replace(keywords=tuple((1, word) for word in words)).level == level


def test_names_are_found_where_they_are_defined() -> None:
    """Modules, packages, classes, methods and constants count as defined, and nothing else does."""
    for name in ("trust", "trust.policy", "trust.policy.TrustPolicy", "errors.NotarykitError", "keys.spec.KeySpec"):
        assert is_defined(f"notarykit.{name}"), name
    for name in ("trust.policy.Nothing", "trust.nothing", "trust.policy.TrustPolicy.nothing", "trust.policy.json"):
        assert not is_defined(f"notarykit.{name}"), name


_MODULE = """
pytestmark = [pytest.mark.slow, pytest.mark.requirement("x:module")]

@pytest.mark.requirement("x:one", "x:two")
@pytest.mark.parametrize("name", ["a", pytest.param("b", marks=pytest.mark.requirement("x:parameter"))])
def test_marked(name):
    pass

class TestMore:
    async def test_other(self):
        pass

@pytest.mark.requirement("x:helper")
def helper():
    pass
"""


def test_marks_are_read_from_functions_parameters_and_modules() -> None:
    """A test has the marks of its module, of its own and of its parameters; what is no test has none."""
    found = [(name, test.name) for name, test in marked(_MODULE, "test_x.py")]
    of_module = [("x:module", "test_marked"), ("x:module", "test_other")]
    own = [(f"x:{name}", "test_marked") for name in ("one", "two", "parameter")]
    assert sorted(found) == sorted(of_module + own)
