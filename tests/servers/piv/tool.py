"""OpenSC's `pkcs11-tool` in front of a PKCS#11 module, which is the independent client of the card."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.servers.piv.card import PIN, Place
from tests.support.requirements import program

SECONDS = 60.0
# CKA_ID, which both modules count in the same way.
IDS: Mapping[Place, str] = {
    Place.AUTHENTICATION: "01",
    Place.SIGNATURE: "02",
    Place.MANAGEMENT: "03",
    Place.CARD_AUTHENTICATION: "04",
    Place.ATTESTATION: "19",
}


class RefusedError(Exception):
    """Failure of the tool, with its output."""


def run(module: str, *arguments: str | Path) -> str:
    """Runs the tool and returns its output."""
    command = [program("pkcs11-tool"), "--module", module, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=SECONDS, check=False)
    if done.returncode:
        raise RefusedError(done.stderr)
    return done.stdout


def objects(module: str, kind: str, *arguments: str) -> list[str]:
    """The identifiers of the objects of a kind."""
    return re.findall(r"^  ID: +([0-9a-f]+)$", run(module, "--list-objects", "--type", kind, *arguments), re.MULTILINE)


def serials(module: str) -> list[str]:
    """The serial numbers of the tokens that are there."""
    return re.findall(r"^  serial num +: ([0-9a-f]+)$", run(module, "--list-slots"), re.MULTILINE)


def certificate(module: str, place: Place, folder: Path, *arguments: str) -> bytes:
    """A certificate in DER."""
    file = folder / "certificate.der"
    run(module, "--read-object", "--type", "cert", "--id", IDS[place], "--output-file", file, *arguments)
    return file.read_bytes()


def sign(module: str, place: Place, data: bytes, folder: Path, *arguments: str) -> bytes:
    """A signature; the arguments say with what mechanism."""
    run(module, *signing(place, data, folder, *arguments))
    return (folder / "signature").read_bytes()


def signing(place: Place, data: bytes, folder: Path, *arguments: str) -> list[str]:
    """The arguments with which the tool logs in and signs; `signature` in the folder is what it makes."""
    (folder / "data").write_bytes(data)
    files = ["--input-file", str(folder / "data"), "--output-file", str(folder / "signature")]
    return ["--sign", "--id", IDS[place], "--login", "--pin", PIN, *files, *arguments]
