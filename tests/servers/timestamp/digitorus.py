"""The timestamp authority of the Go library `digitorus/timestamp`, with a chain of the tests."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.interop import go_build
from tests.servers.registry.running import started
from tests.servers.timestamp.authority import Authority
from tests.support.ca import TestChain, make_chain

SOURCES = Path(__file__).with_name("tsa")
POLICY = "2.4.5.6"


def build() -> str:
    """Return the path of the program, built first where the cache has none for the present sources."""
    return go_build.build("tsa", SOURCES)


@contextlib.contextmanager
def running(
    program: str,
    chain: TestChain | None = None,
    *,
    skew: str = "0s",
    accuracy: str = "1s",
    policy: str = POLICY,
    hash_name: str = "sha256",
    certificates: bool = True,
    refuse: int = 0,
) -> Iterator[Authority]:
    """Run an authority until the context is left.

    Args:
        program: The program.
        chain: Its chain and key; a new one with RSA keys, if none is given.
        skew: How far its clock is ahead, in Go's notation, such as `90s` or `-24h`.
        accuracy: The accuracy that it claims, in the same notation; `0s` is for none.
        policy: The only policy that it has; a query for another is refused.
        hash_name: What it signs with: `sha256`, `sha384` or `sha512`.
        certificates: Whether it sends its certificates to those who ask for them.
        refuse: The status that it refuses every query with, if it is not 0.
    """
    chain = chain or make_chain("RSA-2048", purpose="timestamping")
    with tempfile.TemporaryDirectory() as folder:
        chain_file, key_file = Path(folder, "chain.pem"), Path(folder, "key.pem")
        chain_file.write_bytes(chain.chain_pem)
        key_file.write_bytes(chain.key_pem)
        flags = [
            f"-chain={chain_file}", f"-key={key_file}", f"-skew={skew}", f"-accuracy={accuracy}", f"-policy={policy}",
            f"-hash={hash_name}", f"-certificates={str(certificates).lower()}", f"-refuse={refuse}",
        ]  # fmt: skip
        with started([program, *flags], {}, "") as (port, _):
            yield Authority(f"http://127.0.0.1:{port}/", chain.ders)
