"""Durations: what Go reads, and days and weeks."""

import pytest

from notarykit.cli.durations import seconds
from notarykit.envelope.parsing import parse_envelope
from notarykit.errors import UsageError
from notarykit.oci.layout import ImageLayout
from notarykit.oci.reference import Tag
from tests.cli.world import World

HOUR = 3600
DAY = 24 * HOUR
FORM = "use numbers with units from weeks to seconds, such as 30d, 12h, 3h20m or 30s"
UNEVEN = "use days or weeks, such as 365d: years and months vary in length"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # What Go's time.ParseDuration says.
        ("0", 0), ("+0", 0), ("0s", 0), ("1h", HOUR), ("+1h", HOUR), ("1.h", HOUR), (".5h", HOUR // 2),
        ("1.5h", HOUR * 3 // 2), ("1h1h", 2 * HOUR), ("90m60s", 91 * 60), ("1500ms500000us", 2),
        ("3600000000\u00b5s", HOUR), ("3600000000\u03bcs", HOUR), ("0.1h", 360), ("2562047h", 2562047 * HOUR),
        # What people type besides.
        ("30d", 30 * DAY), ("1d12h", 36 * HOUR), ("2w", 14 * DAY), ("0.5d", 12 * HOUR), ("365d", 365 * DAY),
    ],
)  # fmt: skip
def test_duration_is_read_in_seconds(text: str, expected: int) -> None:
    """Each form is read, and sums are exact."""
    assert seconds(text, "a") == expected


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        *(
            (text, FORM)
            for text in ("", "+", ".h", "h", "1H", "1D", "1hm", "1 h", "1h 2m", "1h2", "1h\n", "1h-1m", "P30D")
        ),
        *((text, FORM) for text in ("\u0661h", "1e3s", "30days")),
        *((text, f"add the unit, such as {text}s or {text}d") for text in ("30", "00")),
        *((text, "durations cannot be negative") for text in ("-30d", "-0", "-1h")),
        *((text, UNEVEN) for text in ("1y", "3mo", "6 months", "2 Years")),
    ],
)
def test_malformed_duration_is_refused_with_advice(text: str, advice: str) -> None:
    """A malformed duration is refused with the form to use."""
    with pytest.raises(UsageError) as caught:
        seconds(text, "a")
    assert (caught.value.message, caught.value.advice) == (f"invalid duration {text!r} of --a", advice)


@pytest.mark.parametrize("text", ["16000w", "110000d", "2562048h", "999999999999w"])
def test_duration_beyond_go_is_refused(text: str) -> None:
    """More than other tools can count is refused."""
    with pytest.raises(UsageError, match="is longer than 292 years"):
        seconds(text, "a")


def test_expiry_may_be_in_days(world: World) -> None:
    """A signature may expire after a number of days."""
    world.sign("-e", "30d")
    layout = ImageLayout(world.layout.path)
    (manifest,) = layout.signatures(layout.resolve(Tag("v1")))
    stored = layout.fetch_signature(manifest)
    attributes = parse_envelope(stored.envelope, stored.media_type).unverified_attributes
    assert attributes.expiry is not None
    assert attributes.signing_time is not None
    assert (attributes.expiry - attributes.signing_time).total_seconds() == 30 * DAY
