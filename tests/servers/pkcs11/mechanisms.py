"""Which mechanism each token signs with, as docs/tokens.md has it."""

from collections.abc import Mapping
from pathlib import Path

from tests.servers.pkcs11.executable import run
from tests.support.ca import SPECS

_DOCUMENT = Path(__file__).parents[3] / "docs" / "tokens.md"
_SCRIPT = """
from notarykit_pkcs11.token import signing
used = []
ask = signing.PrivateKey._sign_by
def asked(self, way, prepared, pins):
    made = ask(self, way, prepared, pins)
    used.append(way.mechanism.name)
    return made
signing.PrivateKey._sign_by = asked
for key_id, spec, config in {keys!r}:
    sign(key_id, spec, **config)
print(json.dumps(used))
"""


def used(variables: Mapping[str, str], keys: list[tuple[str, str, dict[str, str]]]) -> list[str]:
    """The mechanisms by which keys sign, each named by its URI, its spec and a configuration."""
    found = run(variables, _SCRIPT.format(keys=keys))
    assert isinstance(found, list)
    return found


def row(name: str, by_spec: Mapping[str, str]) -> str:
    """The line of the table for a token; what it cannot hold is a dash."""
    return f"| {name} | " + " | ".join(f"`{by_spec[spec]}`" if spec in by_spec else "-" for spec in SPECS) + " |"


def is_documented(line: str) -> bool:
    """Whether the table has exactly this line; prints it, so that it can be put there."""
    print(line)
    return line in _DOCUMENT.read_text().splitlines()
