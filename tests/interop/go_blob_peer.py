"""The Go library of the Notary Project as its main branch has it, with blobs, as a peer process."""

from pathlib import Path

from tests.interop import go_build

SOURCES = Path(__file__).with_name("blob_peer")


def build() -> str:
    """Return the path of the peer's binary, built first where the cache has none for the present sources."""
    return go_build.build("blob-peer", SOURCES)
