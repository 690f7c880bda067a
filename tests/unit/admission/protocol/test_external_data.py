"""External data: requests of Gatekeeper and Kyverno, and the answers."""

import json
from typing import Any

import pytest

from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.external_data import (
    MOST_KEYS,
    Item,
    Key,
    answer_items,
    answer_system_error,
    decode_external_data,
)

_VERSION = {"apiVersion": "externaldata.gatekeeper.sh/v1beta1", "kind": "ProviderRequest"}


def _decoded(*keys: Any, **members: Any) -> tuple[Key, ...]:
    return decode_external_data(json.dumps({**_VERSION, "request": {"keys": keys}, **members}).encode())


def test_keys() -> None:
    """Each key is a reference, or a reference behind a namespace in brackets."""
    assert _decoded("r.test/a:1", "[shop]r.test/b@sha256:aa") == (
        Key("r.test/a:1", "", "r.test/a:1"),
        Key("[shop]r.test/b@sha256:aa", "shop", "r.test/b@sha256:aa"),
    )


def test_body_of_kyverno() -> None:
    """A policy of Kyverno can send the keys alone."""
    assert decode_external_data(b'{"request":{"keys":["r.test/a:1"]}}') == (Key("r.test/a:1", "", "r.test/a:1"),)


def test_each_key_once() -> None:
    """A key that comes twice is one, as an item for it would count twice."""
    assert [key.text for key in _decoded("b", "a", "b", "[x]b")] == ["b", "a", "[x]b"]


@pytest.mark.parametrize("request_", [{}, {"keys": None}, {"keys": []}])
def test_no_keys(request_: dict[str, Any]) -> None:
    """A request may ask for nothing."""
    assert _decoded(request=request_) == ()


def test_reference_that_is_none_is_a_key() -> None:
    """What is written in a pod is a key whatever it is, and judged like others."""
    keys = _decoded("", "../..", "[shop]", "a\nb", "[shop]a\nb")
    assert [key.image for key in keys] == ["", "../..", "", "a\nb", "a\nb"]


@pytest.mark.parametrize(
    "key", ["[", "[]a", "[Shop]a", "[a.b]a", "[-a]b", "[a-]b", f"[{'a' * 64}]b", "[a\n]b", "[a", "[[a]b"]
)
def test_malformed_namespace(key: str) -> None:
    """A namespace that can be none is refused: the default policy must not apply to it."""
    with pytest.raises(RequestError, match="has no namespace in brackets"):
        _decoded(key)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"apiVersion": "externaldata.gatekeeper.sh/v1"}, "'ProviderRequest' of 'externaldata.gatekeeper.sh/v1': send"),
        ({"kind": "ProviderResponse"}, "'ProviderResponse' of"),
        ({"request": None}, "Expected `object`, got `null`"),
        ({"request": {"keys": "r.test/a:1"}}, "Expected `array | null`, got `str`"),
        ({"request": {"keys": [7]}}, "Expected `str`, got `int`"),
        ({"request": {"keys": ["a"] * (MOST_KEYS + 1)}}, f"Expected `array` of length <= {MOST_KEYS}"),
    ],
)
def test_malformed_request(members: dict[str, Any], message: str) -> None:
    """A request of another form or version, or with too many keys, is an error with the member."""
    with pytest.raises(RequestError) as caught:
        _decoded(**members)
    assert message in str(caught.value)


def _response(answer: bytes) -> dict[str, Any]:
    document = json.loads(answer)
    assert document["apiVersion"] == "externaldata.gatekeeper.sh/v1beta1"
    assert document["kind"] == "ProviderResponse"
    response: dict[str, Any] = document["response"]
    assert response["idempotent"] is True
    return response


def test_items() -> None:
    """Each key that was asked for has one item, with a value or an error and never both."""
    good, bad = _decoded("r.test/a:1", "[shop]r.test/b:1")
    response = _response(answer_items({good: Item("verified"), bad: Item("verified", "not\nsigned")}))
    assert response["systemError"] == ""
    assert response["items"] == [
        {"key": "r.test/a:1", "value": "verified"},
        {"key": "[shop]r.test/b:1", "error": "not signed"},
    ]


def test_system_error() -> None:
    """An error of the whole answer stands alone, since items beside it would be kept."""
    response = _response(answer_system_error(f"r.test/a:1: no\nanswer {'x' * 2000}"))
    assert response["items"] == []
    assert response["systemError"].startswith("r.test/a:1: no answer xx")
