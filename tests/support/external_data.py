"""Service that answers requests for external data as it is told, in place of the admission program."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.fault_proxy import Exchange, FaultProxy
from tests.servers.registry.http_server import Reply, Seen

Response = Callable[[Sequence[str]], Any]
"""Function that returns the response to keys."""


def all_good(keys: Sequence[str], **members: Any) -> dict[str, Any]:
    """Returns the response that has every image verified, with further members."""
    return {"idempotent": True, "items": [{"key": key, "value": "verified"} for key in keys], **members}


def _each(keys: Sequence[str], **members: Any) -> dict[str, Any]:
    return {"idempotent": True, "items": [{"key": key, **members} for key in keys]}


NO_ANSWER: Final = "has no answer"
# Most of them are none of the program's: a status, a response, and what a policy says that denies by it.
ANSWERS: Mapping[str, tuple[int, Response, str]] = {
    "good": (200, all_good, ""),
    "status": (500, all_good, "500"),
    "forbidden": (403, all_good, "403"),
    "system error with items": (200, lambda keys: all_good(keys, systemError="broken"), "broken"),
    "no items": (200, lambda _: {"items": []}, NO_ANSWER),
    "null": (200, lambda _: {"items": None}, NO_ANSWER),
    "nothing": (200, lambda _: {}, NO_ANSWER),
    "other keys": (200, lambda keys: all_good([f"{key}0" for key in keys]), NO_ANSWER),
    "error": (200, lambda keys: _each(keys, error="not good"), "not good"),
    "value and error": (200, lambda keys: _each(keys, value="verified", error="not good"), "not good"),
    "other value": (200, lambda keys: _each(keys, value="perhaps"), NO_ANSWER),
    "object": (200, lambda keys: _each(keys, value={"isSuccess": True}), NO_ANSWER),
    "true": (200, lambda keys: _each(keys, value=True), NO_ANSWER),
    "twice": (
        200,
        lambda keys: {"items": all_good(keys)["items"] + _each(keys, error="not good")["items"]},
        "not good",
    ),
}
"""Answers by name."""


def keys_of(seen: Seen) -> list[str]:
    """Returns the keys of a request."""
    keys: list[str] = json.loads(seen.body)["request"]["keys"]
    return keys


@contextlib.contextmanager
def answering(ca: RegistryCA, status: int, response: Response) -> Iterator[FaultProxy]:
    """Runs a service that answers every request in one way."""
    with FaultProxy(certificate=ca.server()) as double:
        answer_with(double, status, response)
        yield double


def answer_with(double: FaultProxy, status: int, response: Response) -> None:
    """Has a service answer in another way from now on."""

    def fault(exchange: Exchange) -> None:
        body = json.dumps({"response": response(keys_of(exchange.seen))}).encode()
        exchange.reply(Reply(status, (("Content-Type", "application/json"),), body))

    double.clear()
    double.fault(fault)
