"""docs/conformance.md: each of the specification's requirements, what keeps it and which tests show that.

python tests/specification/page.py          # writes the page again, and says what is wrong
python tests/specification/page.py --left   # lists the keywords that no requirement covers yet
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.specification.keywords import recorded
from tests.specification.requirements import Document, Requirement, documents, problems
from tests.specification.sources import ROOT, MarkedTest, Marks, marks, source_file

PAGE = ROOT / "docs" / "conformance.md"
_SPECIFICATION = "https://github.com/notaryproject/specifications"
_TESTS_SHOWN = 3
_TITLES = {
    "signature": "Signatures",
    "jws": "JWS envelopes",
    "cose": "COSE envelopes",
    "scheme": "Signing schemes",
    "trust": "Trust stores and trust policies",
    "workflow": "Signing and verification",
    "plugin": "Plugins",
}
_INTRODUCTION = """# Conformance

Every rule of the [Notary Project specification]({specification}/tree/{commit}/specs)
(commit `{short}`), what in the code keeps it, and which tests fail if it does not. A rule is what has a MUST, REQUIRED,
SHALL, SHOULD or RECOMMENDED, or "must", "should" or "recommended"; MUST and SHOULD stand for all of them here, and link
to the line. Some rules have none of these words. Rules for others (certificate authorities, publishers of plugins,
users) are listed too.

This page is written by `python tests/specification/page.py` from the files beside it and the tests' marks. A test holds
that no keyword is left out, that whatever is named here exists, and that no rule of ours is without a test.

| document | keywords | rules | tests | rules for others |
|---|---|---|---|---|
"""


def page(commit: str, documents: tuple[Document, ...], marks: Marks) -> str:
    """Returns the page's text."""
    parts = [_INTRODUCTION.format(specification=_SPECIFICATION, commit=commit, short=commit[:7])]
    for document in documents:
        title = _TITLES[document.name]
        ours = [each for each in document.requirements if not each.theirs]
        tests = {test for each in ours for test in marks.get(each.id, ())}
        theirs = len(document.requirements) - len(ours)
        link = f"[{title}](#{title.lower().replace(' ', '-')})"
        parts.append(f"| {link} | {len(document.text.keywords)} | {len(ours)} | {len(tests)} | {theirs} |\n")
    for document in documents:
        source = f"{_SPECIFICATION}/blob/{commit}/specs/{document.file}?plain=1"
        parts.append(f"\n## {_TITLES[document.name]}\n\n`{document.file}`\n")
        for section, rules in groupby(document.requirements, document.section):
            parts.append(f"\n### {section}\n\n| level | rule | kept by | shown by |\n|---|---|---|---|\n")
            parts.extend(_row(each, source, marks.get(each.id, ())) for each in rules)
    return "".join(parts)


def _row(requirement: Requirement, source: str, tests: Sequence[MarkedTest]) -> str:
    says = "<br>".join(filter(None, (requirement.says, requirement.note)))
    if requirement.theirs:
        kept = f"others: {requirement.theirs}"
    elif requirement.otherwise:
        kept = f"not kept: {requirement.otherwise}"
    else:
        kept = "<br>".join(map(_code, requirement.kept))
    shown = [f"[{each.name.removeprefix('test_').replace('_', ' ')}](../{each.path})" for each in tests]
    if len(shown) > _TESTS_SHOWN + 1:
        shown[_TESTS_SHOWN:] = [f"and {len(shown) - _TESTS_SHOWN} more"]
    return f"| [{requirement.level}]({source}#L{requirement.line}) | {says} | {kept} | {'<br>'.join(shown)} |\n"


def _code(dotted: str) -> str:
    file = source_file(dotted)
    assert file is not None, dotted
    return f"[`{dotted.removeprefix('notarykit.')}`](../{file.relative_to(ROOT)})"


def _left() -> Iterator[str]:
    commit, texts = recorded()
    for document in documents()[1]:
        for line, word in document.uncovered().elements():
            yield f"{document.file}:{line}: {word} ({texts[document.file].section(line)})"
    yield f"as of {commit}"


def _main() -> int:
    if sys.argv[1:] == ["--left"]:
        print(*_left(), sep="\n")
        return 0
    commit, found = documents()
    collected = marks()
    wrong = list(problems(found, collected))
    print(*wrong, sep="\n", end="\n" if wrong else "")
    if not any("there is no" in each for each in wrong):
        PAGE.write_text(page(commit, found, collected))
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(_main())
