"""Requests of anybody for verdicts: their form, and the form of the answers."""

import json
from typing import Any

import pytest

from notarykit_admission.errors import RequestError
from notarykit_admission.protocol.verify_request import (
    MOST_REFERENCES,
    answer_error,
    answer_results,
    decode_verify_request,
)
from tests.unit.admission.doors.documents import answered, schema

_REQUEST = schema("verify-request.json")
_SKIPPED = b'{"verdict":"skipped","policy":"one"}'


@pytest.mark.parametrize(
    "request_",
    [
        {"references": ["r.test/web:v1"]},
        {"references": ["a", "b", "a"], "namespace": "shop-1"},
        {"references": ["a"] * MOST_REFERENCES, "namespace": ""},
    ],
    ids=["one", "several", "as many as allowed"],
)
def test_request(request_: dict[str, Any]) -> None:
    """A request has references, in their order, and perhaps a namespace."""
    found = decode_verify_request(json.dumps(request_).encode())
    assert found == (tuple(request_["references"]), request_.get("namespace", ""))
    assert _REQUEST.is_valid(request_)


@pytest.mark.parametrize(
    "request_",
    [
        [],
        {},
        {"references": []},
        {"references": "r.test/web:v1"},
        {"references": [1]},
        {"references": [None]},
        {"references": ["a"] * (MOST_REFERENCES + 1)},
        {"references": ["a"], "namespace": None},
        {"references": ["a"], "namespace": "Shop"},
        {"references": ["a"], "namespace": "shop\n"},
        {"references": ["a"], "namespace": "a" * 64},
        {"references": ["a"], "namespaces": "shop"},
    ],
)
def test_other_request_is_refused(request_: Any) -> None:
    """What is of another form is refused; a namespace that is misspelt would mean another policy."""
    with pytest.raises(RequestError):
        decode_verify_request(json.dumps(request_).encode())
    assert not _REQUEST.is_valid(request_) or request_["namespace"].endswith("\n")


def test_misspelt_namespace_is_quoted() -> None:
    """The refusal names it, in one line, and no regular expression."""
    with pytest.raises(RequestError, match=r"^the request is malformed: 'Shop\\n' is no name of a namespace$"):
        decode_verify_request(b'{"references": ["a"], "namespace": "Shop\\n"}')


def test_answer_has_the_references_as_they_were_written() -> None:
    """Each result has its reference, whatever characters it is made of, and the document of its verification."""
    texts = ['r.test/"web":v1', "\x00\u2028\U0001f512", ""]
    answer = answered(answer_results((text, _SKIPPED) for text in texts))
    assert answer == {"results": [{"reference": text, "verdict": "skipped", "policy": "one"} for text in texts]}


def test_answer_of_an_error_is_one_line() -> None:
    """A request that was not looked at has an error of its own, and no results."""
    answer = answered(answer_error("the body\n is too large"))
    assert list(answer) == ["error"]
    assert answer["error"]["message"] == "the body is too large"
