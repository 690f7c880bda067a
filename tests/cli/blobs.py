"""Blobs and their signatures, for tests of the commands on them."""

from tests.cli.world import World


def make_blob(world: World, name: str = "release.tar", content: bytes = b"a release") -> str:
    """Writes a file into the working folder and returns its path."""
    (world.folder / name).write_bytes(content)
    return name


def sign_blob(world: World, name: str = "release.tar", *flags: str, content: bytes = b"a release") -> str:
    """Writes a file, signs it, and returns its path; the signature is beside it."""
    world.did("blob", "sign", *flags, make_blob(world, name, content))
    return name
