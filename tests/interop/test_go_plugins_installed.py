"""Plugins on the Go framework are installed, replaced, listed and removed by the command line."""

import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop import go_plugin
from tests.interop.go_peer import Peer
from tests.interop.go_user import GoUser
from tests.support.ca import make_chain

NAME = "go-raw"
FILE = f"notation-{NAME}"
NEWER, OLDER = "1.2.4", "1.2.2"


@pytest.fixture(scope="module")
def versions(go_plugins: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The executable of one plugin in three versions."""
    folder = tmp_path_factory.mktemp("versions")
    made = {version: go_plugin.install(folder / version, NAME, version) for version in (OLDER, NEWER)}
    return {**made, go_plugin.VERSION: go_plugins / NAME / FILE}


@pytest.fixture
def user(
    go_plugins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> GoUser:
    """A user without plugins."""
    return GoUser(tmp_path, make_chain(), None, monkeypatch, capsys)


def _as_it_is(program: Path, folder: Path) -> Path:
    return Path(shutil.copy(program, folder))


def _not_executable(program: Path, folder: Path) -> Path:
    place = Path(shutil.copyfile(program, folder / FILE))
    place.chmod(0o644)
    return place


def _zip(program: Path, folder: Path) -> Path:
    place = folder / "plugin.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("LICENSE", "free")
        archive.write(program, FILE)
    return place


def _zip_without_modes(program: Path, folder: Path) -> Path:
    place = folder / "plugin.zip"
    with zipfile.ZipFile(place, "w") as archive:
        archive.writestr(FILE, program.read_bytes())
    return place


def _tar(program: Path, folder: Path) -> Path:
    place = folder / "plugin.tar.gz"
    with tarfile.open(place, "w:gz", compresslevel=1) as archive:
        archive.add(__file__, "LICENSE")
        archive.add(program, FILE)
    return place


PACKED = {
    "executable": _as_it_is,
    "file that may not be run": _not_executable,
    "zip": _zip,
    "zip without modes": _zip_without_modes,
    "tar.gz": _tar,
}


def _version_in_go(peer: Peer, who: GoUser) -> str:
    """The plugin's version as the Go side reads it at the place where it was installed."""
    answer = peer.ask("plugin-metadata", folder=str(who.plugins), name=NAME)
    assert answer["ok"], answer["error"]
    return str(answer["metadata"]["version"])


@pytest.mark.parametrize("pack", PACKED.values(), ids=PACKED)
def test_from_installing_to_removing(
    peer: Peer, user: GoUser, versions: dict[str, Path], tmp_path: Path, pack: Callable[[Path, Path], Path]
) -> None:
    """What is installed from a file is found by both sides and signs, and nothing is left once it is removed."""
    source = pack(versions[go_plugin.VERSION], tmp_path)
    shown = user.did("plugin", "install", "--file", str(source))
    assert shown == f"Successfully installed plugin {NAME}, version {go_plugin.VERSION}\n"
    assert _version_in_go(peer, user) == go_plugin.VERSION
    user.sign("--plugin", NAME, "--id", user.key_id, "-m", "build=42")
    answer = user.question()._replace(metadata={"build": "42"}).ask_peer(peer)
    assert answer["ok"], answer["error"]
    user.did("plugin", "uninstall", "--yes", NAME)
    assert list(user.plugins.iterdir()) == []
    assert peer.ask("plugin-list", folder=str(user.plugins))["names"] == []
    assert "not installed" in user.refused(
        4, "sign", "--oci-layout", "--plugin", NAME, "--id", user.key_id, user.reference
    )


@pytest.mark.requirement("plugin:independent-release")
@pytest.mark.parametrize("is_forced", [False, True], ids=["plain", "--force"])
@pytest.mark.parametrize("version", [OLDER, go_plugin.VERSION, NEWER])
def test_another_version(peer: Peer, user: GoUser, versions: dict[str, Path], version: str, *, is_forced: bool) -> None:
    """Only a newer version takes the place of what is there, unless the user insists."""
    user.did("plugin", "install", "--file", str(versions[go_plugin.VERSION]))
    arguments = ("plugin", "install", "--file", *(["--force"] if is_forced else []), str(versions[version]))
    if version == NEWER or is_forced:
        shown = user.did(*arguments)
        assert shown == f"Successfully updated plugin {NAME} from version {go_plugin.VERSION} to {version}\n"
        assert _version_in_go(peer, user) == version
        return
    text = user.refused(4, *arguments)
    assert f"version {version} is not newer than {go_plugin.VERSION}" in text
    assert "--force" in text
    assert _version_in_go(peer, user) == go_plugin.VERSION


def test_a_program_under_another_name(user: GoUser, versions: dict[str, Path], tmp_path: Path) -> None:
    """A file whose name the program does not answer to is not installed, and the program's own words are shown."""
    renamed = Path(shutil.copy(versions[go_plugin.VERSION], tmp_path / "notation-other"))
    text = user.refused(4, "plugin", "install", "--file", str(renamed))
    assert 'no plugin is called "other"' in text
    assert not (user.plugins / "other").exists()


def test_the_list(user: GoUser, go_plugins: Path) -> None:
    """Each plugin is a line with its version and what it can do."""
    user.plugins.symlink_to(go_plugins)
    lines = user.did("plugin", "list").splitlines()
    rows = {line.split()[0]: line for line in lines[1:]}
    assert set(rows) >= set(go_plugin.CAPABILITIES)
    for name, capabilities in go_plugin.CAPABILITIES.items():
        columns = [column.strip() for column in rows[name].split("   ") if column.strip()]
        place = user.plugins / name / f"notation-{name}"
        assert columns == [
            name,
            "A plugin for tests",
            go_plugin.VERSION,
            f"[{' '.join(capabilities)}]",
            f"executable {place}",
            "<nil>",
        ]
