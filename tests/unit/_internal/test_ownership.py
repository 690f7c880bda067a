"""Who else may write what decides whom to trust, and where that brings a warning."""

import grp
import os
import pwd
import stat
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from notarykit._internal import ownership
from notarykit._internal.ownership import warn_of_other_writers
from notarykit.config.policy import load_policy
from notarykit.config.settings import load_settings
from notarykit.config.signing_keys import load_signing_keys
from notarykit.errors import ConfigurationWarning
from notarykit.plugin.discovery.directory import find_executable
from notarykit.trust.policy import StoreReference, StoreType
from notarykit.trust.store import DirectoryTrustStore
from tests.support.ca import make_chain
from tests.support.homes import Home, complete_home

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, access is not a matter of modes")

_ME, _OTHER, _MINE, _SHARED, _STAFF = 1000, 1001, 1000, 1500, 50
_FILE, _FOLDER = stat.S_IFREG, stat.S_IFDIR


@pytest.fixture(autouse=True)
def users(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two users, each with a group of their own name, one of which others are in; and a group of many."""
    names = {_ME: "me", _OTHER: "other"}
    groups = {_MINE: ("me", ["me"]), _OTHER: ("other", ["me"]), _SHARED: ("me", ["other"]), _STAFF: ("staff", [])}
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: SimpleNamespace(pw_name=names[uid]))
    monkeypatch.setattr(grp, "getgrgid", lambda gid: SimpleNamespace(gr_name=groups[gid][0], gr_mem=groups[gid][1]))
    ownership._is_private.cache_clear()
    yield
    ownership._is_private.cache_clear()


def _warned(*paths: str) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warn_of_other_writers(*paths)
    assert all(each.category is ConfigurationWarning for each in caught)
    return [str(each.message) for each in caught]


@pytest.mark.parametrize(
    ("owner", "group", "mode", "who"),
    [
        (_ME, _MINE, _FILE | 0o600, ""),
        (_ME, _MINE, _FILE | 0o644, ""),
        (_ME, _MINE, _FILE | 0o664, ""),
        (_ME, _MINE, _FOLDER | 0o775, ""),
        (0, 0, _FILE | 0o664, ""),
        (0, _STAFF, _FILE | 0o644, ""),
        (_ME, 0, _FILE | 0o664, ""),
        (_ME, _STAFF, _FILE | 0o664, "can be written by its group (50)"),
        (_ME, _SHARED, _FILE | 0o664, "can be written by its group (1500)"),
        (_ME, 777, _FOLDER | 0o770, "can be written by its group (777)"),
        (0, _MINE, _FILE | 0o664, "can be written by its group (1000)"),
        (_ME, _MINE, _FILE | 0o606, "can be written by everybody"),
        (0, 0, _FOLDER | 0o777, "can be written by everybody"),
        (0, 0, _FOLDER | stat.S_ISVTX | 0o777, "can be written by everybody"),
        (_OTHER, _OTHER, _FILE | 0o600, "belongs to another user (1001)"),
    ],
)
def test_other_writers_bring_a_warning(
    owner: int, group: int, mode: int, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The user and root may, and a group that is nobody else's; anybody besides brings a warning."""
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: _ME)
        patch.setattr(os, "stat", lambda _: SimpleNamespace(st_uid=owner, st_gid=group, st_mode=mode))
        found = _warned("/")
    assert len(found) == bool(who)
    assert all(each.startswith(f"/ {who}") for each in found)


def test_read_only_mount_brings_no_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is mounted to be read alone brings no warning, and neither does what is not there."""
    assert _warned(str(tmp_path / "absent")) == []
    tmp_path.chmod(0o777)
    assert len(_warned(str(tmp_path))) == 1
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_flag=os.ST_RDONLY))
    assert _warned(str(tmp_path)) == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Settings with everything in them."""
    made = complete_home(tmp_path / "home", make_chain())
    (made.folder / "config.json").write_text("{}")
    plugin = made.folder / "plugins" / "x" / "notation-x"
    plugin.parent.mkdir(parents=True)
    plugin.touch(mode=0o755)
    monkeypatch.setenv("NOTATION_CONFIG", str(made.folder))
    return made


def _store(home: Home) -> None:
    DirectoryTrustStore(str(home.folder / "truststore")).certificates(StoreReference(StoreType.CA, "tests"))


_X509 = "truststore/x509"
_READ = {
    load_policy: [".", "trustpolicy.json"],
    load_settings: [".", "config.json"],
    load_signing_keys: [".", "signingkeys.json"],
    _store: ["truststore", _X509, f"{_X509}/ca", f"{_X509}/ca/tests", f"{_X509}/ca/tests/root0.pem"],
    find_executable: ["plugins/x", "plugins/x/notation-x"],
}


@pytest.mark.parametrize(("read", "path"), [(read, path) for read, paths in _READ.items() for path in paths])
def test_ownership_is_checked_where_trust_is_decided(read: object, path: str, home: Home) -> None:
    """The policy, the settings, the keys, the trust stores and the plugins are looked at with their folders."""
    argument = {_store: (home,), find_executable: ("x",)}.get(read, ())  # type: ignore[call-overload]

    def warned() -> list[str]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            read(*argument)  # type: ignore[operator]
        return [str(each.message) for each in caught]

    assert warned() == []
    writable = home.folder / path
    writable.chmod(0o777)
    assert warned() == [f"{writable} can be written by everybody: take that away (chmod go-w)"]
