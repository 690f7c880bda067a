"""Requests of any content: decoded, or an error of one line."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.admission_review import decode_admission_review
from notarykit_admission.protocol.external_data import decode_external_data
from notarykit_admission.protocol.image_review import decode_image_review

_REQUESTS: dict[Callable[[bytes], object], dict[str, Any]] = {
    decode_admission_review: {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "1",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "operation": "UPDATE",
            "object": {"spec": {"containers": [{"name": "c", "image": "i"}], "volumes": [{"image": {}}]}},
            "oldObject": None,
        },
    },
    decode_external_data: {"request": {"keys": ["[shop]r.test/a:1"]}},
    decode_image_review: {
        "apiVersion": "imagepolicy.k8s.io/v1alpha1",
        "kind": "ImageReview",
        "spec": {"containers": [{"image": "i"}], "namespace": "shop"},
    },
}
_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}), st.just([[]])
)


def _is_decoded_or_refused(decode: Callable[[bytes], object], body: bytes) -> None:
    """Decodes a request, or checks the text of its error; no other exception is let pass."""
    message = ""
    try:
        decode(body)
    except RequestError as error:
        message = str(error)
    assert message.isprintable()
    assert len(message) <= 1000


@pytest.mark.parametrize("decode", _REQUESTS)
@given(body=st.binary() | st.text().map(str.encode))
def test_any_bytes(decode: Callable[[bytes], object], body: bytes) -> None:
    """Bytes of any kind are an error and nothing worse."""
    _is_decoded_or_refused(decode, body)


def _places(part: Any) -> list[tuple[Any, Any]]:
    """Returns each object or array in a document, with each of its keys or positions."""
    if not isinstance(part, dict | list):
        return []
    keys = list(part) if isinstance(part, dict) else list(range(len(part)))
    return [(part, key) for key in keys] + [place for key in keys for place in _places(part[key])]


@pytest.mark.parametrize("decode", _REQUESTS)
@given(data=st.data())
def test_any_value_in_any_place(decode: Callable[[bytes], object], data: st.DataObject) -> None:
    """A request with one value exchanged is decoded or an error, whatever the value and wherever it stands."""
    request = json.loads(json.dumps(_REQUESTS[decode]))
    container, key = data.draw(st.sampled_from(_places(request)))
    container[key] = data.draw(_VALUES)
    _is_decoded_or_refused(decode, json.dumps(request).encode())


@pytest.mark.parametrize("decode", _REQUESTS)
def test_whole_request_is_decoded(decode: Callable[[bytes], object]) -> None:
    """The requests that are changed here are good ones."""
    decode(json.dumps(_REQUESTS[decode]).encode())


@pytest.mark.parametrize("decode", _REQUESTS)
def test_request_that_is_cut_off(decode: Callable[[bytes], object]) -> None:
    """Each beginning of a request is an error."""
    body = json.dumps(_REQUESTS[decode]).encode()
    for length in range(len(body)):
        with pytest.raises(RequestError):
            decode(body[:length])
