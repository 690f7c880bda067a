"""SoftHSM2: as many tokens as are wanted in one folder, which a file names that the environment names."""

from pathlib import Path

from tests.servers.pkcs11.token import Token, initialise, list_slots
from tests.support.requirements import require

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "user 2468+é"
OFFICER_PIN = "officer 1357"
LABEL = "notarykit tests"


def open_folder(folder: Path) -> dict[str, str]:
    """Makes a folder for tokens and return the environment that leads to it: it has none yet."""
    require("softhsm2")
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    file = folder / "softhsm2.conf"
    file.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
    return {"SOFTHSM2_CONF": str(file)}


def make_token(environment: dict[str, str], label: str = LABEL, pin: str = PIN) -> Token:
    """Initialises one more token in a folder; tokens may have the same label."""
    # The last slot always has a token that is not initialised yet.
    free = list_slots(MODULE, environment)[-1].number
    slot = initialise(MODULE, environment, free, label=label, pin=pin, officer_pin=OFFICER_PIN)
    return Token("softhsm", MODULE, label, pin, environment, slot=slot.number, serial=slot.serial)
