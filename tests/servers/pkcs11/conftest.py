"""Tokens for all tests of a session, one of each software, and empty ones for a single test."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.pkcs11 import kryoptic as kryoptic_token
from tests.servers.pkcs11 import nss as nss_token
from tests.servers.pkcs11 import opencryptoki as opencryptoki_token
from tests.servers.pkcs11 import softhsm as softhsm_token
from tests.servers.pkcs11 import tpm as tpm_token
from tests.servers.pkcs11.token import Token, fill
from tests.support.requirements import program

TOKENS = ("softhsm", "kryoptic", "nss", "tpm", "opencryptoki")


@pytest.fixture(scope="session")
def softhsm(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """SoftHSM2 with a key and a chain for each key spec."""
    return fill(softhsm_token.make_token(softhsm_token.open_folder(tmp_path_factory.mktemp("softhsm"))))


@pytest.fixture(scope="session")
def kryoptic(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """Kryoptic with a key and a chain for each key spec."""
    return fill(kryoptic_token.make_token(tmp_path_factory.mktemp("kryoptic")))


@pytest.fixture(scope="session")
def nss(tmp_path_factory: pytest.TempPathFactory) -> Token:
    """NSS softokn with a key and a chain for each key spec."""
    return fill(nss_token.make_token(tmp_path_factory.mktemp("nss")))


@pytest.fixture(scope="session")
def running_tpm() -> Iterator[tpm_token.Tpm]:
    """A TPM with two tokens."""
    with tpm_token.running() as running:
        yield running


@pytest.fixture(scope="session")
def tpm(running_tpm: tpm_token.Tpm) -> Token:
    """A TPM's token with a key and a chain for each key spec that it has."""
    return fill(running_tpm.token)


@pytest.fixture(scope="session")
def tpm_without_pss(running_tpm: tpm_token.Tpm) -> Token:
    """Another token of the same TPM with such keys, which does not list the mechanisms for RSA-PSS."""
    return fill(running_tpm.without_pss)


@pytest.fixture(scope="session")
def opencryptoki() -> Iterator[Token]:
    """The machine's soft token, which other processes may share, with a key and a chain for each RSA key spec."""
    with opencryptoki_token.sharing() as token:
        yield token


@pytest.fixture(scope="session", params=TOKENS)
def token(request: pytest.FixtureRequest) -> Token:
    """Each of the tokens of the session."""
    found: Token = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def no_softhsm(tmp_path: Path) -> dict[str, str]:
    """The environment of a SoftHSM2 that has no initialised token, for one test alone."""
    return softhsm_token.open_folder(tmp_path / "softhsm")


@pytest.fixture
def empty_softhsm(no_softhsm: dict[str, str]) -> Token:
    """A SoftHSM2 with one token, which has no objects, for one test alone."""
    return softhsm_token.make_token(no_softhsm)


@pytest.fixture
def another_softhsm(empty_softhsm: Token) -> Callable[[], Token]:
    """Factory for another token beside the empty one, with the same label and another serial number."""
    return lambda: softhsm_token.make_token(empty_softhsm.environment)


@pytest.fixture(scope="session")
def crashing_module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A module that ends its process when it is loaded."""
    folder = tmp_path_factory.mktemp("crashing")
    source, module = folder / "crash.c", folder / "crash.so"
    source.write_text("#include <stdlib.h>\n__attribute__((constructor)) static void crash(void) { abort(); }\n")
    subprocess.run([program("cc"), "-shared", "-fPIC", "-o", module, source], check=True)
    return module
