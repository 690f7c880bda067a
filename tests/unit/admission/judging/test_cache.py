"""Cache of decisions: bounded in number, and by the end of each."""

from datetime import UTC, datetime, timedelta

import pytest

from notarykit_admission.judging.cache import DecisionCache, DecisionKey, KeepTimes
from notarykit_admission.judging.decision import Decision, Outcome

_NOW = datetime(2026, 11, 29, tzinfo=UTC)
_VERIFIED = Decision(Outcome.VERIFIED, "sha256:aa", "one")
_KEPT = _VERIFIED._replace(is_kept=True)
_TIMES = KeepTimes(accepted=300, other=5)


class _Clock:
    """Both clocks of a cache, moved by the tests."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.set_by = timedelta()

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return _NOW + timedelta(seconds=self.seconds - 1000) + self.set_by


def _cache(most: int = 100) -> tuple[DecisionCache, _Clock]:
    clock = _Clock()
    return DecisionCache(most, _TIMES, now=clock.now, monotonic=clock.monotonic), clock


def _key(
    digest: str = "sha256:aa", policy: str = "one", access: str = "", repository: str = "r.test/web"
) -> DecisionKey:
    return DecisionKey(policy, access, repository, digest)


@pytest.mark.parametrize(
    ("decision", "seconds"),
    [
        (_VERIFIED, 300),
        (_VERIFIED._replace(outcome=Outcome.AUDITED), 300),
        (_VERIFIED._replace(remarks=("revocation failed and is only logged",)), 5),
        (Decision(Outcome.REFUSED, reason="not signed"), 5),
        (Decision(Outcome.UNDECIDED, reason="no answer"), 5),
    ],
)
def test_decision_is_kept_for_its_time(decision: Decision, seconds: float) -> None:
    """An accepted image is known for minutes, and anything that may be better next time for seconds."""
    cache, clock = _cache()
    cache.put(_key(), decision)
    clock.seconds += seconds - 0.001
    assert cache.get(_key()) == decision._replace(is_kept=True)
    clock.seconds += 0.001
    assert cache.get(_key()) is None
    assert len(cache) == 0


def test_use_does_not_prolong() -> None:
    """A decision that is asked for all the time ends as if nobody had asked."""
    cache, clock = _cache()
    cache.put(_key(), _VERIFIED)
    for _ in range(299):
        clock.seconds += 1
        assert cache.get(_key()) == _KEPT
    clock.seconds += 1
    assert cache.get(_key()) is None


def test_decision_ends_with_what_it_rests_on() -> None:
    """At the end of a certificate or of revocation data the decision is forgotten, to the moment."""
    cache, clock = _cache()
    decision = _VERIFIED._replace(ends=_NOW + timedelta(seconds=10))
    cache.put(_key(), decision)
    clock.seconds += 9.999
    assert cache.get(_key()) == decision._replace(is_kept=True)
    clock.seconds += 0.001
    assert cache.get(_key()) is None


def test_decision_that_has_ended_is_not_kept() -> None:
    """A decision whose end has come while it was made replaces an older one by nothing."""
    cache, _ = _cache()
    cache.put(_key(), _VERIFIED)
    cache.put(_key(), _VERIFIED._replace(ends=_NOW))
    assert cache.get(_key()) is None


def test_clock_that_is_set_back_keeps_nothing_longer() -> None:
    """The time for which a decision is kept does not depend on a clock that somebody sets."""
    cache, clock = _cache()
    cache.put(_key(), _VERIFIED)
    clock.set_by = timedelta(days=-1)
    clock.seconds += 300
    assert cache.get(_key()) is None


def test_clock_that_is_set_forward_ends_decisions() -> None:
    """A certificate that has expired by the clock ends its decision, whatever the clock said before."""
    cache, clock = _cache()
    cache.put(_key(), _VERIFIED._replace(ends=_NOW + timedelta(days=1)))
    clock.set_by = timedelta(days=1)
    assert cache.get(_key()) is None


@pytest.mark.parametrize(
    "other",
    [_key("sha256:bb"), _key(policy="two"), _key(access="shop/pull-secret"), _key(repository="r.test/shop")],
    ids=["digest", "policy", "access", "repository"],
)
def test_each_part_of_the_key_counts(other: DecisionKey) -> None:
    """A decision counts for its digest, policy, credentials and repository alone."""
    cache, _ = _cache()
    cache.put(_key(), _VERIFIED)
    assert cache.get(other) is None
    assert cache.get(_key()) == _KEPT


def test_least_recently_used_is_forgotten() -> None:
    """Beyond the limit, what nobody has asked for the longest goes first."""
    cache, _ = _cache(2)
    cache.put(_key("a"), _VERIFIED)
    cache.put(_key("b"), _VERIFIED)
    cache.get(_key("a"))
    cache.put(_key("c"), _VERIFIED)
    assert [cache.get(_key(name)) is not None for name in "abc"] == [True, False, True]
    assert len(cache) == 2


def test_decision_that_is_over_takes_no_room() -> None:
    """What has ended when it is made is not kept, and what was known of its image is forgotten."""
    cache, _ = _cache()
    cache.put(_key(), _VERIFIED)
    cache.put(_key(), _VERIFIED._replace(ends=_NOW))
    assert len(cache) == 0


def test_flood_does_not_grow() -> None:
    """However many decisions are made, no more are kept than the limit says."""
    cache, _ = _cache(10)
    for number in range(1000):
        cache.put(_key(str(number)), _VERIFIED)
        cache.put(_key(str(number)), _VERIFIED)
    assert len(cache) == 10


def test_documents_are_bounded_together() -> None:
    """Documents of images with many bad signatures push out others, and none is kept that alone is too large."""
    cache = DecisionCache(most_bytes=1000)
    for name in "abc":
        cache.put(_key(name), _VERIFIED._replace(document=b"x" * 500))
    assert [cache.get(_key(name)) is not None for name in "abc"] == [False, True, True]
    cache.put(_key("b"), _VERIFIED)
    cache.put(_key("d"), _VERIFIED._replace(document=b"x" * 500))
    assert len(cache) == 3
    cache.put(_key("e"), _VERIFIED._replace(document=b"x" * 1001))
    assert len(cache) == 0
    cache.put(_key("f"), _VERIFIED._replace(document=b"x" * 1000))
    assert cache.get(_key("f")) is not None


def test_look_ups_are_counted() -> None:
    """Each look-up is a hit or a miss, and one that finds what is over is a miss."""
    cache, clock = _cache()
    cache.get(_key())
    cache.put(_key(), _VERIFIED)
    cache.get(_key())
    cache.get(_key())
    clock.seconds += 300
    cache.get(_key())
    assert (cache.hits, cache.misses) == (2, 2)
