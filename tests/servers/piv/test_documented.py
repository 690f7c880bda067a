"""The table of mechanisms in the documentation, for a YubiKey behind both modules."""

from pathlib import Path

from tests.servers.piv.card import Place
from tests.servers.piv.conftest import SPECS, YubiKey
from tests.servers.piv.reader import MODULES
from tests.servers.pkcs11.mechanisms import is_documented, row, used

_NAMES = {"ykcs11": "YubiKey, by ykcs11 2.2", "opensc": "YubiKey, by OpenSC 0.23"}
_PLACES = {Place.AUTHENTICATION: "%01", Place.SIGNATURE: "%02", Place.MANAGEMENT: "%03"}


def test_mechanisms_are_documented(module: str, yubikey: YubiKey, tmp_path: Path) -> None:
    """Each module signs with the mechanisms in its line."""
    keys = []
    for place, id_ in _PLACES.items():
        path = tmp_path / f"{place:x}.pem"
        path.write_bytes(b"".join(yubikey.chains[place].pems[1:]))
        keys.append((f"pkcs11:id={id_}", SPECS[place], {"ca_certs": str(path)}))
    found = used({"PKCS11_MODULE_PATH": module, "PKCS11_PIN": yubikey.pin}, keys)
    (name,) = (shown for each, shown in _NAMES.items() if module.endswith(MODULES[each][0]))
    assert is_documented(row(name, dict(zip((SPECS[place] for place in _PLACES), found, strict=True))))
