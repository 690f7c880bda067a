"""Access to a registry: credentials are tried one after the other."""

from collections.abc import Callable

import pytest

from notarykit import NotarykitError, Registries
from notarykit.errors import AccessError, ArtifactNotFoundError, NetworkError, NoSignatureError
from tests.unit.admission.judging.questions import reading

_FIRST, _SECOND = Registries(), Registries()


def _work(errors: dict[Registries, NotarykitError]) -> tuple[Callable[[Registries], str], list[Registries]]:
    tried: list[Registries] = []

    def work(registries: Registries) -> str:
        tried.append(registries)
        if registries in errors:
            raise errors[registries]
        return "read"

    return work, tried


def test_first_that_may_read() -> None:
    """The first credentials count, and no others are tried, where they are allowed to read."""
    work, tried = _work({})
    assert reading(_FIRST, _SECOND).read(work) == "read"
    assert tried == [_FIRST]


@pytest.mark.parametrize("error", [AccessError("denied"), ArtifactNotFoundError("hidden")])
def test_next_after_a_refusal(error: NotarykitError) -> None:
    """The next credentials are tried where the registry denies access, or hides what may not be read."""
    work, tried = _work({_FIRST: error})
    assert reading(_FIRST, _SECOND).read(work) == "read"
    assert tried == [_FIRST, _SECOND]


@pytest.mark.parametrize("error", [NetworkError("down"), NoSignatureError("none")])
def test_no_other_after_another_error(error: NotarykitError) -> None:
    """Nothing else is tried after an error that other credentials do not change."""
    work, tried = _work({_FIRST: error})
    with pytest.raises(type(error)):
        reading(_FIRST, _SECOND).read(work)
    assert tried == [_FIRST]


def test_error_of_the_first() -> None:
    """Where no credentials may read, the first ones' error says why."""
    work, tried = _work({_FIRST: AccessError("expired"), _SECOND: AccessError("anonymous")})
    with pytest.raises(AccessError, match="expired"):
        reading(_FIRST, _SECOND).read(work)
    assert tried == [_FIRST, _SECOND]
