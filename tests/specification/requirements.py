"""The specification's requirements, one file for each of its documents, and what can be wrong with the files.

A file `jws.toml` names its `document`, and has a table `[[requirement]]` for each requirement:

    id = "protected-alg"          the tests' mark for it is @pytest.mark.requirement("jws:protected-alg")
    keywords = ["148 MUST"]       each of the document's keywords that it covers: line, and the word as it is there;
                                  "149 rule" where the document makes a rule without such a word
    says = "..."                  what it asks for, in our own words
    kept = ["notarykit.x.y"]      what keeps it: modules, classes, functions, constants
    theirs = "..."                in its place: whose rule it is, and why no code of ours can keep it
    otherwise = "..."             why we do otherwise, for a SHOULD
    note = "..."                  what a reader has to know besides, as where the specification contradicts itself

`unfinished = true` at the top of a file lets keywords be missing while it is being written.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.specification.keywords import Text, recorded
from tests.specification.sources import Marks, is_defined

FOLDER = Path(__file__).parent
ORDER = ("signature", "jws", "cose", "scheme", "trust", "workflow", "plugin")
"""The files, as the page has them."""
_MEMBERS = {"id", "keywords", "says", "kept", "theirs", "otherwise", "note"}


class Requirement(NamedTuple):
    """One requirement.

    Attributes:
        id: Its name among those of all documents, `file:name`.
        keywords: Line and keyword of each place that it covers, in order of the document.
        says: What it asks for.
        kept: Dotted names of what keeps it; none where it is others' rule, or we do otherwise.
        theirs: Whose rule it is, or empty.
        otherwise: Why we do otherwise, or empty.
        note: What else there is to know, or empty.
    """

    id: str
    keywords: tuple[tuple[int, str], ...]
    says: str
    kept: tuple[str, ...]
    theirs: str
    otherwise: str
    note: str

    @property
    def line(self) -> int:
        """The first line of the document that makes it."""
        return min(line for line, _ in self.keywords)

    @property
    def level(self) -> str:
        """The strongest of its keywords: MUST or SHOULD, or their NOT forms."""
        words = [word.upper() for _, word in self.keywords]
        strong = [word for word in words if not re.search("SHOULD|RECOMMENDED", word)]
        word = (strong or words)[0]
        level = "MUST" if strong else "SHOULD"
        return f"{level} NOT" if "NOT" in word.split() else level


class Document(NamedTuple):
    """One document of the specification.

    Attributes:
        name: Its file here, without `.toml`.
        file: Its file in the specification.
        text: Its headings and keywords.
        unfinished: Whether keywords may still be missing.
        requirements: Its requirements, in order of its lines.
    """

    name: str
    file: str
    text: Text
    unfinished: bool
    requirements: tuple[Requirement, ...]

    def section(self, requirement: Requirement) -> str:
        """Returns the heading that a requirement is under."""
        return self.text.section(requirement.line)

    def uncovered(self) -> Counter[tuple[int, str]]:
        """Returns its keywords that no requirement covers, by line and word."""
        covered = Counter(each for requirement in self.requirements for each in requirement.keywords)
        return Counter(self.text.keywords) - covered


def documents() -> tuple[str, tuple[Document, ...]]:
    """Returns the commit of the specification, and its documents in the page's order."""
    commit, texts = recorded()
    found = (_document(FOLDER / f"{name}.toml", texts) for name in ORDER)
    return commit, tuple(found)


def _document(path: Path, texts: Mapping[str, Text]) -> Document:
    data = tomllib.loads(path.read_text())
    entries = [_requirement(path.stem, each) for each in data.get("requirement", ())]
    entries.sort(key=lambda entry: entry.line)
    return Document(path.stem, data["document"], texts[data["document"]], data.get("unfinished", False), tuple(entries))


def _requirement(document: str, entry: Mapping[str, object]) -> Requirement:
    unknown = set(entry) - _MEMBERS
    if unknown:
        message = f"{document}.toml: {entry.get('id')}: unknown members {sorted(unknown)}"
        raise ValueError(message)

    def text(name: str) -> str:
        return str(entry.get(name, ""))

    def texts(name: str) -> tuple[str, ...]:
        value = entry.get(name, [])
        assert isinstance(value, list)
        return tuple(value)

    keywords = [(int(line), word) for line, _, word in (each.partition(" ") for each in texts("keywords"))]
    return Requirement(
        f"{document}:{text('id')}",
        tuple(sorted(keywords, key=lambda each: each[0])),
        text("says"),
        texts("kept"),
        text("theirs"),
        text("otherwise"),
        text("note"),
    )


def problems(documents: tuple[Document, ...], marks: Marks) -> Iterator[str]:
    """Says what is wrong with files or marks: nothing, where every requirement is kept and tested."""
    known = Counter(each.id for document in documents for each in document.requirements)
    yield from (f"{name}: {number} requirements have this id" for name, number in known.items() if number > 1)
    for name in sorted(set(marks) - set(known)):
        yield f"{marks[name][0]}: is marked with {name}, which no file has"
    for document in documents:
        yield from _unequal(document)
        for requirement in document.requirements:
            tests = len(marks.get(requirement.id, ()))
            yield from (f"{requirement.id}: {what}" for what in _wrong(requirement, tests))


def _unequal(document: Document) -> Iterator[str]:
    covered = Counter(each for requirement in document.requirements for each in requirement.keywords)
    covered = Counter({each: number for each, number in covered.items() if each[1] != "rule"})
    for line, word in (covered - Counter(document.text.keywords)).elements():
        yield f"{document.name}.toml: line {line} of the document has no {word}, or has it less often"
    if not document.unfinished:
        for line, word in document.uncovered().elements():
            yield f"{document.name}.toml: nothing covers {word} in line {line} of the document"


def _wrong(requirement: Requirement, tests: int) -> Iterator[str]:
    if not re.fullmatch(r"[a-z]+:[a-z0-9]+(-[a-z0-9]+)*", requirement.id):
        yield "an id is of lower-case words with hyphens between"
    if not requirement.keywords:
        yield "has no keywords"
    if not requirement.says.endswith("."):
        yield "`says` is a sentence"
    yield from (f"there is no {each}" for each in requirement.kept if not is_defined(each))
    if requirement.theirs:
        if requirement.kept or requirement.otherwise:
            yield "is either theirs or ours"
    elif requirement.otherwise:
        if not requirement.level.startswith("SHOULD"):
            yield "is no SHOULD, so there is no doing otherwise"
    elif not requirement.kept:
        yield "names nothing that keeps it"
    elif not tests:
        yield "no test is marked with it"
