"""Warnings on standard error: each names what it is about, and none of one artifact is merged with that of another."""

import contextlib
import sys
import warnings
from collections.abc import Iterator
from typing import Any

from notarykit.cli.output import shown
from notarykit.errors import ConfigurationWarning, NotarykitWarning

_subject = ""


@contextlib.contextmanager
def about(reference: str) -> Iterator[None]:
    """Names the artifact that warnings are about while the work inside goes on."""
    global _subject  # noqa: PLW0603 - a command works on one artifact after the other
    _subject = reference
    try:
        yield
    finally:
        _subject = ""


def show_warnings() -> None:
    """Shows our own warnings and nobody else's; what concerns the settings is said once, not for each artifact."""
    seen: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        is_of_artifact = _subject and not isinstance(message, ConfigurationWarning)
        text = shown(f"{_subject}: {message}" if is_of_artifact else str(message))
        if text not in seen:
            seen.add(text)
            print(f"Warning: {text}", file=sys.stderr)

    warnings.showwarning = show
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", NotarykitWarning)
