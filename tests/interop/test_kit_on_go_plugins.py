"""The conformance kit judges plugins in Go: those on the public framework keep every MUST, but not every SHOULD."""

from pathlib import Path

import pytest

from notarykit.plugin.conformance import Result, Target, judge
from notarykit.plugin.conformance.target import runner
from tests.interop import go_plugin
from tests.support.ca import make_chain, pem_of

# The framework answers a command that it does not know in plain text; go-envelope leaves the payload's type to whoever
# asks.
_WARNINGS = {
    "go-raw": {"output.error-form"},
    "go-envelope": {"generate-envelope.payload-type", "output.error-form"},
    "go-verify": {"output.error-form"},
    "go-all": {"output.error-form"},
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """A key of each kind, with its chain beside it."""
    folder = tmp_path_factory.mktemp("keys")
    for spec in ("RSA-2048", "EC-256"):
        chain = make_chain(spec, 3)
        (folder / spec).write_bytes(pem_of(chain.leaf_key))
        (folder / f"{spec}.crt").write_bytes(chain.chain_pem)
    return tuple(str(folder / spec) for spec in ("RSA-2048", "EC-256"))


@pytest.mark.parametrize("name", _WARNINGS)
def test_plugins_on_the_public_framework(
    name: str, keys: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plugin on the framework breaks no MUST, and is warned of exactly what the framework is known for."""
    monkeypatch.setenv("NOTATION_LIBEXEC", str(tmp_path))
    go_plugin.install(tmp_path / "plugins", name)
    found = judge(Target(name, keys, run=runner(name)))
    reasons = {each.rule.id: each.reason for each in found if each.result is not Result.DOES_NOT_APPLY and each.reason}
    assert set(reasons) == _WARNINGS[name], reasons
    assert all(each.result is not Result.FAILED for each in found)
