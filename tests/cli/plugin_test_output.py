"""Output of `plugin test`, read back."""

from tests.cli.world import Done


def results_of(done: Done) -> dict[str, str]:
    """Returns the result of each rule; none of its lines is longer than 100 columns."""
    header, *rows = done.out.split("\n\n")[0].splitlines()
    assert header.split() == ["RESULT", "LEVEL", "RULE"]
    assert max(map(len, done.out.splitlines())) <= 100
    level, rule = header.index("LEVEL"), header.index("RULE")
    return {row[rule:]: row[:level].strip() for row in rows if not row.startswith(" ")}
