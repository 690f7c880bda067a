"""The folder of policies, looked at while the program runs."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from notarykit.errors import ConfigurationError
from notarykit_admission.policy.source import PolicySource
from notarykit_admission.policy.tree import Counts
from tests.unit.admission.policy.setups import document, files
from tests.unit.admission.policy.volumes import Volume

_OTHER = {**files(), "trustpolicy.json": document(scope="r.test/other")}
_BROKEN = {**files(), "trustpolicy.json": b"{"}


class _Folder:
    """Folder in memory, whose state the tests set."""

    def __init__(self) -> None:
        self.files: Mapping[str, bytes] | ConfigurationError = files()

    def read(self, folder: str, counts: Counts) -> Mapping[str, bytes]:
        """Returns the files."""
        assert folder == "/policy"
        if isinstance(self.files, ConfigurationError):
            raise self.files
        return self.files


@pytest.fixture
def folder() -> _Folder:
    """A good folder."""
    return _Folder()


@pytest.fixture
def source(folder: _Folder) -> PolicySource:
    """Its source."""
    return PolicySource("/policy", folder.read)


def test_unchanged_folder_keeps_what_is_loaded(source: PolicySource) -> None:
    """As long as the files are the same, so are the policies, with all that is known under them."""
    before = source.current
    assert source.refresh() is False
    assert source.current is before


def test_new_state_counts_when_it_stays(source: PolicySource, folder: _Folder) -> None:
    """A new state is taken up at the second look that finds it."""
    folder.files = _OTHER
    assert source.refresh() is None
    assert source.refresh() is True
    assert source.current.of("").trust_policy.verifier.policies.policies[0].scopes == ("r.test/other",)
    assert source.refresh() is False


def test_state_that_passes_is_not_taken_up(source: PolicySource, folder: _Folder) -> None:
    """Files that are being copied are left alone until they stay as they are."""
    before = source.current
    for state in (_OTHER, files(), _BROKEN, files()):
        folder.files = state
        assert not source.refresh()
    assert source.current is before


@pytest.mark.parametrize("state", [_BROKEN, {}, ConfigurationError("policy folder /policy cannot be read")])
def test_broken_folder_leaves_the_last_good_one(
    source: PolicySource, folder: _Folder, state: Mapping[str, bytes] | ConfigurationError
) -> None:
    """A folder that cannot be used is an error at each look, and changes nothing; then it may be as before again."""
    before = source.current
    folder.files = state
    if not isinstance(state, ConfigurationError):
        assert source.refresh() is None
    for _ in range(3):
        with pytest.raises(ConfigurationError):
            source.refresh()
    assert source.current is before
    folder.files = files()
    assert source.refresh() is False


def test_other_state_after_a_broken_one(source: PolicySource, folder: _Folder) -> None:
    """What comes after a broken state is taken up like any other."""
    folder.files = _BROKEN
    assert source.refresh() is None
    with pytest.raises(ConfigurationError):
        source.refresh()
    folder.files = _OTHER
    assert [source.refresh(), source.refresh()] == [None, True]
    assert source.current.of("").trust_policy.verifier.policies.policies[0].scopes == ("r.test/other",)


def test_broken_folder_at_the_start(folder: _Folder) -> None:
    """Without good policies to begin with there is no source."""
    folder.files = _BROKEN
    with pytest.raises(ConfigurationError):
        PolicySource("/policy", folder.read)


def test_volume(tmp_path: Path) -> None:
    """A volume that Kubernetes exchanges is taken up as a whole."""
    volume = Volume(tmp_path)
    volume.write(files())
    source = PolicySource(str(tmp_path))
    volume.write(_OTHER)
    assert [source.refresh(), source.refresh()] == [None, True]
    assert source.current.of("").trust_policy.verifier.policies.policies[0].scopes == ("r.test/other",)
