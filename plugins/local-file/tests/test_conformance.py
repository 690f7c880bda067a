"""The plugin judged by the conformance kit, as the process that hosts run; its keys are encrypted."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from notarykit.plugin.conformance import Judgement, PluginConformance, Result, Target
from tests.support.ca import make_chain, pem_of

_PASSPHRASE = 'sw\xf6rd"fish & chips'
_KEYS = {"rsa.pem": "RSA-2048", "ec.pem": "EC-256"}


@pytest.fixture(scope="module", autouse=True)
def keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The files of both keys, and their passphrase in the environment, while the tests run."""
    TestConformance.folder = tmp_path_factory.mktemp("keys")
    for name, spec in _KEYS.items():
        chain, path = make_chain(spec), TestConformance.folder / name
        path.touch(mode=0o600)
        path.write_bytes(pem_of(chain.leaf_key, _PASSPHRASE.encode()) + chain.chain_pem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTARYKIT_KEY_PASSPHRASE", _PASSPHRASE)
        yield


class TestConformance(PluginConformance):
    """A key of each kind, whose passphrase is in the environment and in no output."""

    folder: ClassVar[Path]

    def target(self) -> Target:
        """Both keys, and the passphrase as what no output may show."""
        return Target("local-file", tuple(str(self.folder / name) for name in _KEYS), secrets=(_PASSPHRASE,))

    def test_every_rule_applies(self, judgements: dict[str, Judgement]) -> None:
        """The rules about raw signatures and secrets apply, and none warns."""
        passed = {name for name, each in judgements.items() if each.result is Result.PASSED}
        not_for_it = ("generate-envelope.", "verify-signature.")
        assert passed == {name for name in judgements if not name.startswith(not_for_it)}
