"""Mechanisms by which tokens sign, and their table in docs/tokens.md."""

from collections.abc import Mapping
from pathlib import Path

from tests.servers.pkcs11.executable import run
from tests.support.ca import SPECS

_DOCUMENT = Path(__file__).parents[3] / "docs" / "tokens.md"
_SCRIPT = """
from notarykit_pkcs11.token import signing
used = []
sign_by = signing.PrivateKey._sign_by
def recording(self, method, prepared, pins):
    signature = sign_by(self, method, prepared, pins)
    used.append(method.mechanism.name)
    return signature
signing.PrivateKey._sign_by = recording
for key_id, spec, config in {keys!r}:
    sign(key_id, spec, **config)
print(json.dumps(used))
"""


def used(variables: Mapping[str, str], keys: list[tuple[str, str, dict[str, str]]]) -> list[str]:
    """Returns the mechanisms by which keys sign, each given by URI, spec and configuration."""
    mechanisms = run(variables, _SCRIPT.format(keys=keys))
    assert isinstance(mechanisms, list)
    return mechanisms


def row(name: str, by_spec: Mapping[str, str]) -> str:
    """Returns the row of the table for a token, with a dash for a spec that it cannot hold."""
    return f"| {name} | " + " | ".join(f"`{by_spec[spec]}`" if spec in by_spec else "-" for spec in SPECS) + " |"


def is_documented(line: str) -> bool:
    """Returns whether the table has exactly this row; prints it for the documentation."""
    print(line)
    return line in _DOCUMENT.read_text().splitlines()
