"""An answer of a server, whatever of it hvac has read already."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from notarykit.errors import NotarykitError, PluginError

_REQUEST_ID = "X-Vault-Request-Id"
_LONGEST_REQUEST_ID = 64
# Tokens of Vault and OpenBao, old and new, and JSON web tokens: a server may quote what it got.
_TOKENS = re.compile(r"\b(?:hv[a-z]|[sbr])\.[\w-]{16,}(?:\.[\w-]+)?|\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*)?")


class Answer(NamedTuple):
    """An answer.

    Attributes:
        status: The status.
        members: The members of the JSON; None where the body is something else, as a page for people.
        messages: What the server says is wrong or remarkable, in one line, without secrets.
        request_id: What the server calls the request; it does so for few that it refuses.
        location: Where the answer points to, for a redirection.
        is_empty: Whether there is no body at all.
    """

    status: int
    members: dict[str, Any] | None
    messages: str = ""
    request_id: str = ""
    location: str = ""
    is_empty: bool = False

    @property
    def data(self) -> dict[str, Any]:
        """The member `data`."""
        found = (self.members or {}).get("data")
        return found if isinstance(found, dict) else {}


def answer_of(found: Any, secrets: Sequence[str] = ()) -> Answer:
    """The answer in what an adapter of hvac returns: members for 200 with JSON, else a response.

    Args:
        found: What the adapter returned.
        secrets: What was sent and is not to be shown.
    """
    if isinstance(found, dict):
        return Answer(200, found, request_id=_short(_text(found, "request_id"), secrets))
    if not hasattr(found, "status_code"):
        return Answer(200, None)
    try:
        members = json.loads(found.content)
    except (ValueError, RecursionError):
        members = None
    members = members if isinstance(members, dict) else None
    request_id = _short(_text(members, "request_id") or found.headers.get(_REQUEST_ID, ""), secrets)
    location = _scrubbed(found.headers.get("Location", ""), secrets)
    messages = _messages(members or {}, secrets)
    return Answer(found.status_code, members, messages, request_id, location, not found.content)


def _messages(members: dict[str, Any], secrets: Sequence[str]) -> str:
    lists = [members.get(name) for name in ("errors", "warnings")]
    texts = [text for each in lists if isinstance(each, list) for text in each if isinstance(text, str)]
    return _scrubbed(" ".join(texts), secrets)


def _scrubbed(text: str, secrets: Sequence[str]) -> str:
    """A text as one line that can be shown: without secrets, and without what is no character for people."""
    line = " ".join(text.split())
    for secret in secrets:
        line = line.replace(secret, "…")
    return "".join(each if each.isprintable() else "?" for each in _TOKENS.sub("…", line))


def _short(text: str, secrets: Sequence[str]) -> str:
    return _scrubbed(text, secrets)[:_LONGEST_REQUEST_ID]


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Where an answer about something is read: whatever reading fails with, it is a fault of the answer.

    Raises:
        PluginError: The answer is malformed, beyond what is looked for one by one.
    """
    try:
        yield
    except NotarykitError:
        raise
    except Exception:  # noqa: BLE001 - there is no end to what a parser raises
        raise PluginError(
            f"Vault answered about {what} with what cannot be read",
            advice="check $VAULT_ADDR, and that no proxy answers in its place",
        ) from None


def _text(members: dict[str, Any] | None, name: str) -> str:
    found = (members or {}).get(name)
    return found if isinstance(found, str) else ""
