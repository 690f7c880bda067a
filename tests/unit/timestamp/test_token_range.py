"""Range of a timestamp within the signer's validity."""

from datetime import datetime

import pytest

from notarykit.errors import TimestampError
from notarykit.keys.chain import check_chain
from notarykit.timestamp.token import check_covers
from tests.support.ca import Changes, make_chain
from tests.support.token_changes import Accuracy
from tests.unit.timestamp.verified import END, MOMENT, SECOND, START, verified


@pytest.mark.requirement("trust:timestamp-within-validity")
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ({"not_before": MOMENT - SECOND}, None),
        ({"not_before": MOMENT}, r"at 2026-03-01T12:30:14Z, .*is not valid before 2026-03-01T12:30:15Z"),
        ({"not_after": MOMENT + SECOND}, None),
        ({"not_after": MOMENT}, r"at 2026-03-01T12:30:16Z, .*expired on 2026-03-01T12:30:15Z"),
    ],
)
def test_range_must_lie_within_the_signers_validity(
    place: int, dates: dict[str, datetime], message: str | None
) -> None:
    """Both limits lie within the validity of each of the signer's certificates, bounds included."""
    changed = Changes(**dates)  # type: ignore[arg-type]
    made = make_chain(
        not_before=START,
        not_after=END,
        leaf=changed if place == 0 else Changes(),
        cas={place: changed} if place else None,
    )
    signer = check_chain(made.ders)
    if message is None:
        check_covers(verified(), signer)
        return
    with pytest.raises(TimestampError, match=message):
        check_covers(verified(), signer)


def test_fraction_beyond_the_end_is_refused() -> None:
    """A fraction too small to be represented still lies beyond the end."""
    signer = check_chain(make_chain(not_before=START, not_after=MOMENT).ders)
    check_covers(verified(accuracy=None), signer)
    with pytest.raises(TimestampError, match="expired on"):
        check_covers(verified(accuracy=None, gen_time=b"20260301123015.00000001Z"), signer)
    with pytest.raises(TimestampError, match="expired on"):
        check_covers(verified(accuracy=Accuracy(micros=1)), signer)
