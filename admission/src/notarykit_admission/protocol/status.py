"""Status: an error in the form that the API server reads, and whose message it passes on.

Kubernetes, "API Conventions", "Response Status Kind". Of any other body it tells nothing but the HTTP status.
"""

import msgspec

from notarykit_admission.message import one_line


def answer_failure(reason: str) -> bytes:
    """Returns the answer to a request that was not looked at."""
    status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": one_line(reason)}
    return msgspec.json.encode(status)
