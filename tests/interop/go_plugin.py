"""A plugin on the Go framework of the Notary Project: one program, whose file's name decides what it can do."""

import shutil
from pathlib import Path

from tests.interop import go_build

SOURCES = Path(__file__).with_name("plugin")
VERSION = "1.2.3"
MADE_BY = "com.example.made-by"

CAPABILITIES = {
    "go-raw": ["SIGNATURE_GENERATOR.RAW"],
    "go-envelope": ["SIGNATURE_GENERATOR.ENVELOPE"],
    "go-verify": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY", "SIGNATURE_VERIFIER.REVOCATION_CHECK"],
    "go-identity": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"],
    "go-revocation": ["SIGNATURE_VERIFIER.REVOCATION_CHECK"],
    "go-depends": ["SIGNATURE_GENERATOR.RAW", "SIGNATURE_GENERATOR.ENVELOPE"],
    "go-all": [
        "SIGNATURE_GENERATOR.RAW",
        "SIGNATURE_VERIFIER.TRUSTED_IDENTITY",
        "SIGNATURE_VERIFIER.REVOCATION_CHECK",
    ],
}
"""What the plugin of each name can do, in the order in which it says so."""


def build() -> str:
    """Return the path of the program, built first where the cache has none for the present sources."""
    return go_build.build("plugin", SOURCES)


def install(folder: Path, name: str, version: str = VERSION) -> Path:
    """Put a copy of the program into a plugins folder, where a host finds it by the name, and return its path.

    Args:
        folder: The plugins folder.
        name: The plugin's name.
        version: What the copy says of its version; as long as the program's own.
    """
    place = folder / name / f"notation-{name}"
    place.parent.mkdir(parents=True, exist_ok=True)
    if version == VERSION:
        shutil.copyfile(build(), place)
    else:
        content, old = Path(build()).read_bytes(), VERSION.encode()
        assert (content.count(old), len(version)) == (1, len(VERSION)), "the version cannot be put into the program"
        place.write_bytes(content.replace(old, version.encode()))
    place.chmod(0o755)
    return place
