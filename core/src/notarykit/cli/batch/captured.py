"""Work whose warnings come with its outcome, so that they are printed in the order of the references."""

from typing import Any, NamedTuple

from notarykit.batch.attempt import captured_warnings, is_immediate
from notarykit.batch.work import Work
from notarykit.cli.references import BadReference, Target
from notarykit.errors import NotarykitError, own_error


class Captured(NamedTuple):
    """Outcome of the work on a reference.

    Attributes:
        result: Result of the work, or None where it failed.
        error: Error of the work, or None.
        warnings: Warnings that it issued.
    """

    result: Any = None
    error: NotarykitError | None = None
    warnings: tuple[Warning, ...] = ()


class _Capturing(Work[Any, Captured, Captured]):
    """Work that captures the warnings and the error of another; what is no artifact passes through it."""

    def __init__(self, work: Work[Target, Any, Any]) -> None:
        self._work = work

    def begin(self, item: Any) -> Captured:
        return self._begin(self._work.begin, item)

    def begin_again(self, item: Any) -> Captured:
        return self._begin(self._work.begin_again, item)

    def _begin(self, begin: Any, item: Any) -> Captured:
        if isinstance(item, BadReference):
            return Captured(error=item.error)
        return _captured(begin, item) if isinstance(item, Target) else Captured(item)

    def close(self) -> None:
        self._work.close()


class _CapturingBoth(_Capturing):
    """Work that is not final when it is begun."""

    def finish(self, begun: Captured) -> Captured:
        if begun.error is not None:
            return begun
        end = _captured(self._work.finish, begun.result)
        return end._replace(warnings=begun.warnings + end.warnings)


def _captured(step: Any, argument: Any) -> Captured:
    with captured_warnings() as messages:
        try:
            result, error = step(argument), None
        except Exception as raised:  # noqa: BLE001 - the error of one reference does not end the work on others
            result, error = None, own_error(raised)
    return Captured(result, error, tuple(messages))


def capturing(work: Work[Target, Any, Any]) -> Work[Any, Captured, Captured]:
    """Returns work that captures the warnings and the error of another."""
    return _Capturing(work) if is_immediate(work) else _CapturingBoth(work)
