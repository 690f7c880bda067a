"""Pool of registries: bounded, and nothing is closed that somebody uses."""

import contextlib
from collections.abc import Callable

import pytest

from notarykit import Registries
from notarykit.errors import AccessError
from notarykit_admission.access.pool import PoolLimits, RegistryPool


class _Registries(Registries):
    """Registries that count how often they are closed."""

    closed = 0

    def close(self) -> None:
        """Counts."""
        self.closed += 1


def _pool(now: Callable[[], float] = lambda: 0.0, **limits: float) -> RegistryPool:
    return RegistryPool(PoolLimits(**limits), now)  # type: ignore[arg-type]


def _lent(pool: RegistryPool, key: str) -> _Registries:
    with pool.lend(key, _Registries) as registries:
        assert isinstance(registries, _Registries)
        assert not registries.closed
        return registries


def test_same_registries_for_one_key() -> None:
    """Registries are made once for each key, and stay open."""
    pool = _pool()
    first = _lent(pool, "a")
    assert _lent(pool, "a") is first
    assert _lent(pool, "b") is not first
    assert len(pool) == 2
    assert first.closed == 0


def test_bound() -> None:
    """Beyond the bound, those that were used least recently are closed."""
    pool = _pool(registries=2)
    first, second = _lent(pool, "a"), _lent(pool, "b")
    assert _lent(pool, "a") is first
    _lent(pool, "c")
    assert (first.closed, second.closed, len(pool)) == (0, 1, 2)
    assert _lent(pool, "b") is not second


def test_what_is_lent_is_closed_when_it_is_given_back() -> None:
    """Registries that the pool has no more are closed by the last who uses them."""
    pool = _pool(registries=1)
    with pool.lend("a", _Registries) as first:
        assert isinstance(first, _Registries)
        with pool.lend("a", _Registries) as same:
            assert same is first
            _lent(pool, "b")
            assert first.closed == 0
        assert first.closed == 0
        assert _lent(pool, "a") is not first
    assert first.closed == 1


def test_end_by_use() -> None:
    """Registries that were lent so many times are replaced."""
    pool = _pool(uses=2)
    first = _lent(pool, "a")
    assert _lent(pool, "a") is first
    assert _lent(pool, "a") is not first
    assert first.closed == 1


def test_end_by_time() -> None:
    """Registries that are so old are replaced."""
    now = 0.0
    pool = _pool(lambda: now, seconds=10.0)
    first = _lent(pool, "a")
    now = 9.9
    assert _lent(pool, "a") is first
    now = 10.0
    assert _lent(pool, "a") is not first
    assert first.closed == 1


def test_end_by_refusal() -> None:
    """Registries whose credentials were refused are replaced soon, though not after each refusal."""
    now = 0.0
    pool = _pool(lambda: now, seconds=100.0, seconds_refused=10.0)
    first = _lent(pool, "a")
    with pytest.raises(AccessError), pool.lend("a", _Registries):
        raise AccessError("denied")
    now = 9.9
    assert _lent(pool, "a") is first
    now = 10.0
    assert _lent(pool, "a") is not first
    now = 30.0
    assert _lent(pool, "a") is not first


def test_closed_pool() -> None:
    """A pool closes what it has at once, and what is lent when it is given back."""
    pool = _pool()
    kept = _lent(pool, "a")
    with pool.lend("b", _Registries) as lent:
        assert isinstance(lent, _Registries)
        pool.close()
        assert (kept.closed, lent.closed, len(pool)) == (1, 0, 0)
    assert lent.closed == 1


def test_error_of_who_uses_them() -> None:
    """Registries are given back whatever happens to who has them."""
    pool = _pool()
    with contextlib.suppress(ValueError), pool.lend("a", _Registries) as lent:
        raise ValueError
    pool.close()
    assert isinstance(lent, _Registries)
    assert lent.closed == 1
