"""Fulcio, sigstore's certificate authority, compiled from modules of the Go module proxy.

Newer versions than this one (1.8.2 and later) are not on the proxy, nor is 1.8.0. The build takes about four minutes.
"""

from tests.interop.go_build import Module
from tests.support.go_programs import GoProgram
from tests.support.requirements import require_namespaces

FULCIO = GoProgram(
    "fulcio",
    Module("github.com/sigstore/fulcio", "v1.8.1", "h1:PmoQv3XmhjR2BWFWw5LcMUXJPmhyizOIL7HeYnpio58="),
)


def build() -> str:
    """Returns the path of the program; builds it if the cache has none."""
    require_namespaces("--net")
    return FULCIO.build()
