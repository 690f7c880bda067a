"""Tracebacks for `--debug`, which people copy into reports."""

import traceback

from notarykit.errors import NotarykitError, PluginError


def traceback_of(error: BaseException) -> list[str]:
    """The lines of an error's traceback, and of the errors that it came from.

    What a plugin or its SDK has raised is there by its kind alone: its text may hold what the SDK saw.
    """
    chain: list[BaseException] = []
    found: BaseException | None = error
    while found is not None and not any(found is each for each in chain):
        chain.append(found)
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    lines: list[str] = []
    for place in range(len(chain) - 1, -1, -1):
        is_of_plugin = any(isinstance(above, PluginError) for above in chain[:place])
        frames = "".join(traceback.format_tb(chain[place].__traceback__)).splitlines()
        lines += ["Traceback (most recent call last):", *frames, *_last(chain[place], is_of_plugin=is_of_plugin), ""]
    return lines[:-1]


def _last(error: BaseException, *, is_of_plugin: bool) -> list[str]:
    if is_of_plugin and not isinstance(error, NotarykitError):
        return [f"{type(error).__module__}.{type(error).__qualname__}: (its text is not shown)"]
    return "".join(traceback.format_exception_only(error)).splitlines()
