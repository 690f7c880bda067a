"""Observers: they see every command once with its outcome, can refuse it, and can change nothing else."""

import contextlib
from collections.abc import Callable, Generator
from typing import Any

import pytest

from notarykit.errors import ConfigurationError, PluginAccessDeniedError, PluginError, PluginThrottledError
from notarykit.plugin import DescribeKeyRequest, KeyDescription, hookimpl
from notarykit.plugin.hooks.hooked_plugin import HookedPlugin
from notarykit.plugin.hooks.specification import HOOKS
from tests.unit.plugin.plugins import KeyPlugin

REQUEST = DescribeKeyRequest("k", {})
Step = Generator[None, Any, Any]
wrapper = hookimpl(wrapper=True)


def _raise(error: BaseException) -> Callable[[object], object]:
    def fail(_: object) -> object:
        raise error

    return fail


def _describe(*observers: object, change: Callable[[Any], Any] = lambda answer: answer) -> KeyDescription:
    named = {f"observer-{number}": observer for number, observer in enumerate(observers)}
    return HookedPlugin("acme", KeyPlugin(change=change), named).describe_key(REQUEST)


class Recording:
    """Records what it sees."""

    def __init__(self, name: str = "", seen: list[Any] | None = None) -> None:
        """Takes the list."""
        self.name, self.seen = name, [] if seen is None else seen

    @wrapper
    def describe_key(self, plugin: str, request: DescribeKeyRequest) -> Step:
        """Notes the call and its outcome."""
        self.seen.append((self.name, plugin, request))
        try:
            answer = yield
        except BaseException as error:
            self.seen.append((self.name, error))
            raise
        self.seen.append((self.name, answer))
        return answer


def test_an_observer_sees_a_command_once() -> None:
    """An observer sees the request and the answer, once each."""
    observer = Recording("a")
    answer = _describe(observer)
    assert observer.seen == [("a", "acme", REQUEST), ("a", answer)]


def test_an_observer_sees_a_failure() -> None:
    """An observer sees the plugin's error, and the caller gets the same."""
    observer, error = Recording("a"), PluginAccessDeniedError("no")
    with pytest.raises(PluginAccessDeniedError) as caught:
        _describe(observer, change=_raise(error))
    assert caught.value is error
    assert observer.seen == [("a", "acme", REQUEST), ("a", error)]


def test_the_first_observer_is_the_outermost() -> None:
    """Of several observers, the first sees the request first and the answer last."""
    seen: list[Any] = []
    _describe(Recording("a", seen), Recording("b", seen))
    assert [entry[0] for entry in seen] == ["a", "b", "b", "a"]


def test_every_command_can_be_observed() -> None:
    """An observer can have each of the hooks, under the name of the plugin's method."""
    seen: list[str] = []

    def observing(name: str) -> Any:
        @wrapper
        def observe() -> Step:
            seen.append(name)
            return (yield)

        return staticmethod(observe)

    kind = type("All", (), {name: observing(name) for name in HOOKS})
    hooked = HookedPlugin("acme", KeyPlugin(), {"all": kind()})
    for name in HOOKS:
        arguments: tuple[object, ...] = {"open_key": ("k", {}), "attach_certificates": ("k", {}, ())}.get(name, (None,))
        with contextlib.suppress(PluginError, AttributeError):  # this plugin does not have all of them
            getattr(hooked, name)(*arguments)
    assert seen == list(HOOKS)


@pytest.mark.parametrize("when", ["before", "after", "after a failure"])
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError("disk full, token=swordfish"), "observer 'observer-0' failed with OSError"),
        (SystemExit(0), "observer 'observer-0' failed with SystemExit"),
        (PluginThrottledError("not on Sundays", advice="wait"), "observer 'observer-0': not on Sundays"),
    ],
    ids=["accident", "exit", "refusal"],
)
def test_an_observer_that_raises_refuses_the_command(when: str, error: BaseException, text: str) -> None:
    """Whatever an observer raises refuses the command with an error that names it and is not tried again."""

    class Failing:
        @wrapper
        def describe_key(self) -> Step:
            if when == "before":
                raise error
            try:
                yield
            finally:
                raise error

    with pytest.raises(PluginError) as caught:
        _describe(Failing(), change=_raise(ValueError()) if when == "after a failure" else lambda answer: answer)
    assert type(caught.value) is PluginError
    assert caught.value.message == text
    assert caught.value.advice == getattr(error, "advice", "see --debug, or take it off 'observers' in notarykit.json")
    assert caught.value.__cause__ is error


def test_the_plugin_is_not_called_when_it_is_refused() -> None:
    """A refusal before the command keeps it from the plugin, and from the observers further in."""

    class Refusing:
        @wrapper
        def describe_key(self) -> Step:
            raise PluginAccessDeniedError("no")
            yield

    plugin, inner = KeyPlugin(), Recording()
    with pytest.raises(PluginError):
        HookedPlugin("acme", plugin, {"a": Refusing(), "b": inner}).describe_key(REQUEST)
    assert (plugin.requests, inner.seen) == ([], [])


def test_an_observer_cannot_change_an_answer() -> None:
    """What an observer returns is not looked at, whether it is another answer or none."""

    class Returning:
        def __init__(self, answer: object) -> None:
            self.answer = answer

        @wrapper
        def describe_key(self) -> Step:
            yield
            return self.answer

    for answer in (None, KeyDescription("other", "RSA-2048")):
        assert _describe(Returning(answer)).key_id == "k"


@pytest.mark.parametrize("error", [ValueError("x"), StopIteration(), KeyboardInterrupt()], ids=repr)
def test_an_observer_cannot_hide_a_failure(error: BaseException) -> None:
    """A plugin's error goes on where an observer swallows it."""

    class Swallowing:
        @wrapper
        def describe_key(self) -> Step:
            try:
                yield
            except BaseException:  # noqa: BLE001 - on purpose
                return KeyDescription("other", "RSA-2048")

    for observers in ((Swallowing(),), (Swallowing(), Recording()), (Recording(), Swallowing())):
        with pytest.raises(type(error)) as caught:
            _describe(*observers, change=_raise(error))
        assert caught.value is error


def test_observers_that_do_not_yield_once() -> None:
    """An observer that does not yield, or yields again, refuses the command by its name."""

    class Silent:
        @wrapper
        def describe_key(self) -> Step:
            return
            yield

    class Twice:
        @wrapper
        def describe_key(self) -> Step:
            yield
            yield

    for observer, text in ((Silent(), "does not yield"), (Twice(), "yields more than once")):
        with pytest.raises(PluginError, match=f"^observer 'observer-0' {text}$"):
            _describe(observer)


def _observer(**methods: object) -> object:
    return type("Observer", (), methods)()


@wrapper
def _misspelt(self: object, req: object) -> Step:
    yield


@hookimpl
def _answering(self: object, request: object) -> object:
    return request


@hookimpl
def _yielding_answer(self: object) -> Step:
    yield


@wrapper
def _not_a_generator(self: object) -> None:
    pass


def _not_marked(self: object) -> Step:
    yield


@wrapper
def _good(self: object) -> Step:
    yield


@wrapper
def _by_keyword(self: object, *, plugin: object) -> Step:
    yield


@wrapper
def _with_default(self: object, request=None) -> Step:  # type: ignore[no-untyped-def] # noqa: ANN001
    yield


def _failing(self: object) -> object:
    raise ValueError("token=secret")


@pytest.mark.parametrize(
    ("observer", "text"),
    [
        (
            _observer(describe_key=_misspelt),
            "has the method describe_key(req), which can take plugin, request, without defaults",
        ),
        (
            _observer(describe_key=_answering),
            "has the method describe_key, which must be a generator with @hookimpl(wrapper=True)",
        ),
        (
            _observer(describe_key=_yielding_answer),
            "has the method describe_key, which must be a generator with @hookimpl(wrapper=True)",
        ),
        (
            _observer(describe_key=_not_a_generator),
            "has the method describe_key, which must be a generator with @hookimpl(wrapper=True)",
        ),
        (
            _observer(describe_key=_not_marked),
            "has the method describe_key, which must be a generator with @hookimpl(wrapper=True)",
        ),
        (_observer(describe_keys=_good), f"observes describe_keys, which is none of {', '.join(HOOKS)}"),
        (_observer(), f"observes none of {', '.join(HOOKS)}"),
        (_observer(log=property(_failing), describe_key=_good), "has log, which fails with ValueError"),
        (
            _observer(describe_key=_by_keyword),
            "has the method describe_key(plugin), which can take plugin, request, without defaults",
        ),
        (
            _observer(describe_key=_with_default),
            "has the method describe_key(request), which can take plugin, request, without defaults",
        ),
        (
            _observer(open_key=_misspelt),
            "has the method open_key(req), which can take plugin, key_id, config, without defaults",
        ),
    ],
)
def test_observers_that_do_not_fit_are_refused(observer: object, text: str) -> None:
    """An observer that would observe nothing, or answer in the plugin's place, is refused before any call."""
    with pytest.raises(ConfigurationError) as caught:
        HookedPlugin("acme", KeyPlugin(), {"audit": observer})
    assert caught.value.message == f"observer 'audit' {text}"
