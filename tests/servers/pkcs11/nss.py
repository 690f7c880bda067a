"""NSS softokn: the token of a database folder, behind a module that tells softokn where the folder is."""

import subprocess
from pathlib import Path

from tests.servers.pkcs11 import build
from tests.servers.pkcs11.token import Token, list_slots
from tests.support.requirements import program, require

PIN = "user 1597+é"
LABEL = "notarykit nss"


def make_token(folder: Path) -> Token:
    """Makes a database with a PIN in a folder; its other slot, for ciphers without keys, is a token as well."""
    require("libnss3")
    folder.mkdir(parents=True, exist_ok=True)
    pin = folder / "pin"
    pin.write_text(f"{PIN}\n")
    subprocess.run([program("certutil"), "-N", "-d", f"sql:{folder}", "-f", str(pin)], check=True, capture_output=True)
    parameters = f"configDir='sql:{folder}' certPrefix='' keyPrefix='' secmod='secmod.db' flags="
    environment = {"NSS_SHIM_PARAMETERS": f"{parameters} dbTokenDescription='{LABEL}'"}
    module = build.nss_shim()
    slot = next(each for each in list_slots(module, environment) if each.label == LABEL)
    return Token("nss", module, LABEL, PIN, environment, slot=slot.number, serial=slot.serial)
