"""Observers of plugins: wrappers around hooks, which see each command and its outcome and can refuse it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping
from functools import wraps
from types import SimpleNamespace
from typing import Any

from notarykit.errors import ConfigurationError, NotarykitError, PluginError
from notarykit.plugin.hooks.specification import HOOKS, arguments_of

Options = Callable[[object, str], Mapping[str, Any] | None]
"""Reads what `hookimpl` has noted about a method of an object, by its name; None where it is not marked."""


def wrappers_of(name: str, observer: object, options_of: Options) -> SimpleNamespace:
    """Returns an observer's methods, each of them guarded.

    Raises:
        ConfigurationError: It observes nothing, or a method of it is no wrapper of a hook.
    """

    def refused(text: str) -> ConfigurationError:
        return ConfigurationError(f"observer {name!r} {text}")

    wrappers = {}
    for attribute in dir(observer):
        try:
            options, method = options_of(observer, attribute), getattr(observer, attribute)
        except Exception as error:  # noqa: BLE001 - of a property, whose text may hold what it has read
            raise refused(f"has {attribute}, which fails with {type(error).__name__}") from None
        if options is None and attribute not in HOOKS:
            continue
        if attribute not in HOOKS:
            raise refused(f"observes {attribute}, which is none of {', '.join(HOOKS)}")
        if options is None or not options["wrapper"] or not inspect.isgeneratorfunction(method):
            raise refused(f"has the method {attribute}, which must be a generator with @hookimpl(wrapper=True)")
        allowed, parameters = arguments_of(attribute), inspect.signature(method).parameters
        # pluggy passes arguments by position, and before 1.7 none that has a default.
        if not (set(parameters) <= set(allowed) and all(map(_is_passed, parameters.values()))):
            declared = ", ".join(parameters)
            raise refused(
                f"has the method {attribute}({declared}), which can take {', '.join(allowed)}, without defaults"
            )
        wrappers[attribute] = _guarded(name, method)
    if not wrappers:
        raise refused(f"observes none of {', '.join(HOOKS)}")
    return SimpleNamespace(**wrappers)


def _is_passed(parameter: inspect.Parameter) -> bool:
    return parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.default is parameter.empty


def _guarded(name: str, wrapper: Callable[..., Any]) -> Callable[..., Any]:
    """Returns an observer's wrapper that can refuse a command and cannot change its outcome."""

    @wraps(wrapper)
    def guarded(*arguments: object) -> Generator[None, object, object]:
        steps = wrapper(*arguments)
        try:
            next(steps)
        except StopIteration:
            raise PluginError(f"observer {name!r} does not yield") from None
        except (Exception, SystemExit) as error:
            raise _refusal(name, error) from error
        failure: BaseException | None = None
        answer: object = None
        try:
            answer = yield
        except BaseException as error:  # noqa: BLE001 - the plugin's, raised again below
            failure = error
        try:
            steps.send(answer) if failure is None else steps.throw(failure)
        except StopIteration:
            pass
        except (Exception, SystemExit) as error:
            # A StopIteration of the plugin comes out of a generator as the cause of another error (PEP 479).
            is_of_plugin = error is failure or (isinstance(failure, StopIteration) and error.__cause__ is failure)
            if not is_of_plugin:
                raise _refusal(name, error) from error
        else:
            steps.close()
            raise PluginError(f"observer {name!r} yields more than once")
        if failure is not None:
            raise failure
        return answer

    return guarded


def _refusal(name: str, error: BaseException) -> PluginError:
    """Returns the error of a command that an observer refuses; the text of an accident may hold what it has seen."""
    if isinstance(error, NotarykitError):
        return PluginError(f"observer {name!r}: {error.message}", advice=error.advice)
    return PluginError(
        f"observer {name!r} failed with {type(error).__name__}",
        advice="see --debug, or take it off 'observers' in notarykit.json",
    )
