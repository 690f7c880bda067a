"""The timestamp authorities, each started once for all tests of a session."""

from collections.abc import Iterator

import pytest

from tests.servers.timestamp import digitorus, openssl_ts, sigstore
from tests.servers.timestamp.authority import Authority
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.support.ca import TestChain, make_chain


@pytest.fixture(scope="session")
def tsa_chain() -> TestChain:
    """The chain of every authority that does not make one for itself."""
    return make_chain("RSA-2048", purpose="timestamping")


@pytest.fixture(scope="session")
def digitorus_program() -> str:
    """The program of `digitorus_tsa`, with which a test can run one of its own."""
    return digitorus.build()


@pytest.fixture(scope="session")
def digitorus_tsa(digitorus_program: str, tsa_chain: TestChain) -> Iterator[Authority]:
    """The authority of a Go library."""
    with digitorus.running(digitorus_program, tsa_chain) as authority:
        yield authority


@pytest.fixture(scope="session")
def sigstore_program() -> str:
    """The program of `sigstore_tsa`, with which a test can run one of its own."""
    return sigstore.build()


@pytest.fixture(scope="session")
def sigstore_tsa(sigstore_program: str) -> Iterator[Authority]:
    """Sigstore's authority."""
    with sigstore.running(sigstore_program) as authority:
        yield authority


@pytest.fixture(scope="session")
def openssl_tsa(tsa_chain: TestChain) -> Iterator[OpensslAuthority]:
    """The authority that is the openssl command."""
    with openssl_ts.running(tsa_chain) as authority:
        yield authority


@pytest.fixture(params=["digitorus", "sigstore", "openssl"])
def tsa(request: pytest.FixtureRequest) -> Authority | OpensslAuthority:
    """Each authority in turn."""
    authority: Authority | OpensslAuthority = request.getfixturevalue(f"{request.param}_tsa")
    return authority
