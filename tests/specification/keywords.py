"""The words by which the specification makes rules, and the headings above them, as lines of one of its commits.

python tests/specification/keywords.py FOLDER COMMIT    # writes keywords.json from a checkout of the specification
"""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).with_name("keywords.json")
# RFC 2119's in capitals; of ordinary words only those that hardly ever mean anything but a rule.
_KEYWORD = re.compile(
    r"\b(?:MUST|SHALL|SHOULD|[Mm]ust|[Ss]hould)(?: (?:NOT|not)\b)?"
    r"|\b(?:NOT |not )?(?:REQUIRED|RECOMMENDED|recommended)\b"
)
_FENCE = re.compile(r"^\s*```")
_HEADING = re.compile(r"^#+\s+(.*?)\s*$")


class Text(NamedTuple):
    """What is known of one document of the specification.

    Attributes:
        headings: The line of each heading, and its text.
        keywords: The line of each keyword, and the keyword as it is written there; a line may have several.
    """

    headings: list[tuple[int, str]]
    keywords: list[tuple[int, str]]

    def section(self, line: int) -> str:
        """Returns the heading above a line."""
        return [text for at, text in self.headings if at <= line][-1]


def read(text: str) -> Text:
    """Finds headings and keywords in a document's text."""
    found = Text([], [])
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        is_code ^= bool(_FENCE.match(line))
        heading = None if is_code else _HEADING.match(line)
        if heading:
            found.headings.append((number, heading[1].replace("*", "").replace("`", "")))
        found.keywords.extend((number, each) for each in _KEYWORD.findall(line))
    return found


def recorded() -> tuple[str, dict[str, Text]]:
    """Returns the commit that the record is of, and its documents by file name."""
    record = json.loads(FILE.read_text())
    documents = {
        name: Text(*([(line, text) for line, text in members[kind]] for kind in ("headings", "keywords")))
        for name, members in record["documents"].items()
    }
    return record["commit"], documents


def _write(folder: Path, commit: str) -> None:
    lines = [f'{{"commit": {json.dumps(commit)}, "documents": {{']
    for path in sorted((folder / "specs").glob("*.md")):
        text = read(path.read_text())
        members = ",\n".join(f'  "{kind}": {json.dumps(items)}' for kind, items in text._asdict().items())
        lines.append(f" {json.dumps(path.name)}: {{\n{members}\n }},")
    FILE.write_text("\n".join(lines).removesuffix(",") + "\n}}\n")


if __name__ == "__main__":
    _write(Path(sys.argv[1]), sys.argv[2])
