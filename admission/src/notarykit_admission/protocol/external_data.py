"""External data: what Gatekeeper asks a provider, and Kyverno a service, about keys.

Gatekeeper, "External Data". Gatekeeper keeps what it gets for minutes, whatever stands beside it: an answer has an item
for each key that was asked for, once, and no other; with an error of the whole answer it has none. Kyverno's policies
can send the same request without its version.
"""

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import msgspec

from notarykit_admission.errors import RequestError
from notarykit_admission.forms import decode
from notarykit_admission.message import one_line
from notarykit_admission.names import is_namespace
from notarykit_admission.protocol.conventions import check_version

MOST_KEYS = 1000
_API_VERSION, _REQUEST, _RESPONSE = "externaldata.gatekeeper.sh/v1beta1", "ProviderRequest", "ProviderResponse"


class Key(NamedTuple):
    """Key of a request.

    Attributes:
        text: The key as it came, which its item repeats.
        namespace: Namespace that a policy put before the reference, `[namespace]reference`; empty without one.
        image: Reference to the image.
    """

    text: str
    namespace: str
    image: str


class _Keys(msgspec.Struct, frozen=True):
    keys: Annotated[tuple[str, ...], msgspec.Meta(max_length=MOST_KEYS)] | None = None


class _Request(msgspec.Struct, frozen=True, rename="camel"):
    request: _Keys
    api_version: str = _API_VERSION
    kind: str = _REQUEST


_DECODER = msgspec.json.Decoder(_Request)


def decode_external_data(body: bytes, *, bare: bool = False) -> tuple[Key, ...]:
    """Decodes a request, and returns its keys, each once, in their order.

    Args:
        body: The request in JSON.
        bare: True if keys are references alone, in the words of the object's maker: no text in them names a namespace.

    Raises:
        RequestError: It is malformed, of another version, or has a key whose namespace is none.
    """
    request = decode(_DECODER, body, _REQUEST)
    check_version(request, _API_VERSION, _REQUEST)
    return tuple(_key(text, bare=bare) for text in dict.fromkeys(request.request.keys or ()))


def _key(text: str, *, bare: bool) -> Key:
    if bare or not text.startswith("["):
        return Key(text, "", text)
    namespace, bracket, image = text[1:].partition("]")
    if not bracket or not is_namespace(namespace):
        raise RequestError(one_line(f"the key {text!r} begins with [ and has no namespace in brackets"))
    return Key(text, namespace, image)


class Item(NamedTuple):
    """Answer about one key.

    Attributes:
        value: What the policy gets, such as `verified` or the reference with its digest.
        error: Reason for a refusal, or an empty string.
    """

    value: str = ""
    error: str = ""


def answer_items(items: Mapping[Key, Item]) -> bytes:
    """Returns the answer about each key. Errors stay with Gatekeeper for minutes, as values do."""
    return _answer(
        [
            {"key": key.text, "error": one_line(item.error)} if item.error else {"key": key.text, "value": item.value}
            for key, item in items.items()
        ]
    )


def answer_system_error(reason: str) -> bytes:
    """Returns the answer without items, which is not kept: what it says may be over in seconds."""
    return _answer([], one_line(reason))


def _answer(items: list[dict[str, Any]], system_error: str = "") -> bytes:
    # Gatekeeper's mutation refuses answers that are not idempotent.
    response = {"idempotent": True, "items": items, "systemError": system_error}
    return msgspec.json.encode({"apiVersion": _API_VERSION, "kind": _RESPONSE, "response": response})
