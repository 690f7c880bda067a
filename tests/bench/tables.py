"""Tables in Markdown, and the ratios in them."""

import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Ratio(NamedTuple):
    """Rates of both sides for one kind of work.

    Attributes:
        name: The work.
        ours: Our rate, 1/s, the median of the rounds.
        theirs: The rate of the Go library or program.
        ratio: The median of the rounds' ratios.
        target: The ratio to reach at least, if there is one.
    """

    name: str
    ours: float
    theirs: float
    ratio: float
    target: float | None

    @classmethod
    def of(cls, name: str, rounds: Sequence[tuple[float, float]], target: float | None) -> "Ratio":
        """Returns the medians of rounds, each with our rate and theirs."""
        ours, theirs = (statistics.median(rates[side] for rates in rounds) for side in (0, 1))
        return cls(name, ours, theirs, statistics.median(mine / other for mine, other in rounds), target)


def print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table, each row as soon as it is measured."""
    print(f"\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def print_ratios(work: str, peer: str, rows: Iterable[Ratio], unit: str = "1/s") -> None:
    """Prints rates beside a peer's, and whether the ratios were reached."""
    headings = (work, f"notarykit, {unit}", f"{peer}, {unit}", "ratio", "at least", "reached")
    print_table(
        headings,
        (
            (row.name, _rate(row.ours), _rate(row.theirs), f"{row.ratio:.2f}", *at_least(row.ratio, row.target))
            for row in rows
        ),
    )


def at_least(value: float, target: float | None) -> tuple[str, str]:
    """Returns a lower limit and the word for its being reached."""
    return ("-", "-") if target is None else (f"{target:g}", reached(is_reached=value >= target))


def at_most(value: float, target: float | None) -> tuple[str, str]:
    """Returns an upper limit and the word for its being kept."""
    return ("-", "-") if target is None else (f"{target:g}", reached(is_reached=value <= target))


def reached(*, is_reached: bool) -> str:
    """Returns the word for a target in a table."""
    return "yes" if is_reached else "missed"


def _rate(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"
