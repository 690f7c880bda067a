"""Conventions of Kubernetes' API: each message says of which kind and version it is, and an error is a Status.

Kubernetes, "API Conventions", "Types (Kinds)" and "Response Status Kind". Of an error in any other form the API server
tells the user nothing but the HTTP status.
"""

from typing import Protocol

import msgspec

from notarykit_admission.errors import RequestError
from notarykit_admission.message import one_line


class Versioned(Protocol):
    """Request that says what it is."""

    @property
    def api_version(self) -> str:
        """Group and version, such as `admission.k8s.io/v1`."""

    @property
    def kind(self) -> str:
        """Kind, such as `AdmissionReview`."""


def check_version(request: Versioned, api_version: str, kind: str) -> None:
    """Refuses a request of another kind or version.

    Raises:
        RequestError: It is of another.
    """
    if (request.api_version, request.kind) != (api_version, kind):
        found = f"{request.kind!r} of {request.api_version!r}"
        raise RequestError(one_line(f"the request is a {found}: send {kind} of {api_version}"))


def answer_failure(reason: str) -> bytes:
    """Returns the Status for a request that was not looked at; the API server passes on its message."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": one_line(reason)}
    return msgspec.json.encode(status)
