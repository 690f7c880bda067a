"""Requests for verdicts on artifacts, and the answers, which are those of `notarykit verify`.

The schemas are docs/schema/verify-request.json and docs/schema/verify.json.
"""

from collections.abc import Iterable
from typing import Annotated, NamedTuple

import msgspec

from notarykit import NotarykitError
from notarykit_admission.errors import RequestError
from notarykit_admission.forms import decode
from notarykit_admission.message import one_line
from notarykit_admission.names import is_namespace

MOST_REFERENCES = 1000


class _Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    references: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MOST_REFERENCES)]
    namespace: str = ""


class VerifyRequest(NamedTuple):
    """Question about artifacts.

    Attributes:
        references: References, as they were written.
        namespace: Namespace whose trust policy counts; empty for the default.
    """

    references: tuple[str, ...]
    namespace: str


_DECODER = msgspec.json.Decoder(_Request)


def decode_verify_request(body: bytes) -> VerifyRequest:
    """Decodes a request.

    Raises:
        RequestError: It is malformed, or has a member that is not known.
    """
    request = decode(_DECODER, body, "request")
    if request.namespace and not is_namespace(request.namespace):
        raise RequestError(one_line(f"the request is malformed: {request.namespace!r} is no name of a namespace"))
    return VerifyRequest(request.references, request.namespace)


def answer_results(results: Iterable[tuple[str, bytes]]) -> bytes:
    """Returns the answer with the result of each reference, in their order.

    Args:
        results: References, each with the document of its verification in JSON, without the member `reference`.
    """
    parts = (b'{"reference":' + msgspec.json.encode(reference) + b"," + document[1:] for reference, document in results)
    return b'{"results":[' + b",".join(parts) + b"]}"


def answer_error(reason: str) -> bytes:
    """Returns the answer to a request that was not looked at: no artifact of it was verified."""
    return msgspec.json.encode({"error": NotarykitError(one_line(reason)).to_json()})
