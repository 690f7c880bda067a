"""Kryoptic: one token in a database, which a file names that the environment names."""

from pathlib import Path

from tests.servers.pkcs11 import build
from tests.servers.pkcs11.token import Token, initialise

PIN = "user 9753+é"
OFFICER_PIN = "officer 8642"
LABEL = "notarykit kryoptic"
SLOT = 42


def make_token(folder: Path) -> Token:
    """Initialises a token in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "kryoptic.conf"
    file.write_text(f'[[slots]]\nslot = {SLOT}\ndbtype = "sqlite"\ndbargs = "{folder / "token.sql"}"\n')
    environment = {"KRYOPTIC_CONF": str(file)}
    module = build.kryoptic()
    slot = initialise(module, environment, SLOT, label=LABEL, pin=PIN, officer_pin=OFFICER_PIN)
    return Token("kryoptic", module, LABEL, PIN, environment, slot=slot.number, serial=slot.serial)
