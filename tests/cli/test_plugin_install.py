"""`plugin install` and `plugin uninstall`, from every source, and what they say."""

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.publishing import Publisher, installed, published
from tests.cli.world import World
from tests.servers.registry.certificates import RegistryCA
from tests.servers.registry.http_server import Reply
from tests.support.archives import write_tar, write_zip
from tests.support.executables import add_executable, shell_plugin, write_program

_INSTALL = ("plugin", "install")


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.requirement("plugin:independent-release")
@pytest.mark.parametrize("form", ["zip", "tar.gz", "executable"])
def test_from_a_file(world: World, form: str) -> None:
    """A plugin in each form is installed, updated, and not replaced by the same version unless forced to."""
    path = str(published(world, form))
    flags = ("--file",) if form != "zip" else ("--file", "--sha256sum", _sum(Path(path)).upper())
    assert world.did(*_INSTALL, *flags, path) == "Successfully installed plugin acme, version 1.0.0\n"
    assert "acme" in world.did("plugin", "list")
    text = world.refused(4, *_INSTALL, "--file", path)
    assert text == (
        f"version 1.0.0 is not newer than 1.0.0, which is installed in {installed(world)}: "
        "replace the plugin that is there with --force"
    )
    updated = "Successfully updated plugin acme from version 1.0.0 to {}\n"
    assert world.did(*_INSTALL, "--file", "--force", path) == updated.format("1.0.0")
    path = str(published(world, form, "1.1.0"))
    assert world.did("plugin", "add", "--file", path) == updated.format("1.1.0")


def test_from_a_package(world: World) -> None:
    """A package's launcher is installed, and again where it is there already."""
    said = "Successfully installed plugin local-file, version 0.1.0\n"
    for _ in range(2):
        assert world.did(*_INSTALL, "--from-package", "local-file") == said
    assert world.refused(4, *_INSTALL, "--from-package", "none").startswith("no installed package announces the plugin")


@pytest.mark.requirement("plugin:checksum")
@pytest.mark.parametrize("wanted", ["0" * 64, "", "abc"])
def test_a_wrong_checksum(world: World, wanted: str) -> None:
    """A file that is not the one that the publisher means is not unpacked."""
    path = published(world, "zip")
    if not wanted:
        wanted = _sum(path)[:-1]
    text = world.refused(1, *_INSTALL, "--file", "--sha256sum", wanted, str(path))
    assert text.startswith(
        f"plugin SHA-256 checksum does not match the user input: expected {wanted}, it is {_sum(path)}: do not use"
    )
    assert not installed(world).parent.exists()


@pytest.mark.requirement("plugin:checksum")
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "missing plugin source location"),
        (("--file",), "missing plugin source location"),
        (("x.zip",), "one of --file, --url, --artifact and --from-package must be set"),
        (("--url", "https://example.com/x"), "--url requires --sha256sum"),
        (("--from-package", "local-file", "x"), "--from-package can only be combined with --force"),
        (
            ("--from-package", "local-file", "--sha256sum", "x"),
            "--from-package can only be combined with --force",
        ),
        (("--file", "--from-package", "local-file"), ""),
        (("--file", "--url", "x"), ""),
        (("--file", "a", "b"), ""),
    ],
)
def test_usage(world: World, arguments: tuple[str, ...], text: str) -> None:
    """A call from which it is not clear what to install is refused."""
    assert text in world.refused(2, *_INSTALL, *arguments)


def test_what_cannot_beinstalled(world: World) -> None:
    """What is no plugin ends with 3 or 4 and one line, in which nothing is obeyed."""
    assert world.refused(3, *_INSTALL, "--file", "none.zip").startswith("none.zip cannot be unpacked: No such file")
    assert "none.zip does not exist" in world.refused(3, *_INSTALL, "--file", "--sha256sum", "x", "none.zip")
    bad = write_zip(world.folder / "bad.zip", [("../notation-acme", "x", 0o100755)])
    assert "leads out of the archive" in world.refused(3, *_INSTALL, "--file", str(bad))
    bad = write_tar(world.folder / "bad.tgz", [("notation-a\x1b[31m", "x", 0o755)])
    assert "\\x1b" in world.refused(3, *_INSTALL, "--file", str(bad))
    bad = write_program(world.folder / "notation-bad", "#!/bin/sh\necho 'oh \x1b[31mno' >&2\nexit 2\n")
    assert "oh \\x1b[31mno (exit code 2)" in world.refused(4, *_INSTALL, "--file", str(bad))
    assert list((world.home.folder / "plugins").iterdir()) == []


@pytest.mark.parametrize("more", [(), ("--sha256sum", "x")])
def test_what_is_no_file(world: World, more: tuple[str, ...]) -> None:
    """A pipe that nobody writes to, a device and a folder are refused at once."""
    os.mkfifo(world.folder / "pipe")
    for path in (str(world.folder / "pipe"), "/dev/zero", str(world.folder)):
        assert world.refused(3, *_INSTALL, "--file", *more, path) == f"{path} is not a regular file"


# From a URL


Publish = Callable[[Reply], str]


@pytest.fixture
def publish(publishers_ca: RegistryCA) -> Iterator[Publish]:
    """Starts a server that gives an answer, and returns its address."""
    with contextlib.ExitStack() as stack:

        def started(reply: Reply, certified: bool = True) -> str:
            server = stack.enter_context(Publisher(publishers_ca.server() if certified else None))
            server.answer_with = reply
            return server.url

        yield started


@pytest.mark.requirement("plugin:checksum")
@pytest.mark.parametrize("form", ["zip", "executable"])
def test_from_a_url(world: World, form: str, publish: Publish, publishers_ca: RegistryCA) -> None:
    """A plugin is downloaded, compared with its checksum, and installed; a URL's query is not shown."""
    path = published(world, form)
    url = f"{publish(Reply(200, (), path.read_bytes()))}/releases/{path.name}"
    flags = ("--url", "--ca-file", publishers_ca.ca_file, "--sha256sum")
    out = world.did(*_INSTALL, *flags, _sum(path).upper(), f"{url}?token=swordfish")
    assert out.splitlines() == [
        f"Downloading plugin from {url}",
        "Download completed",
        "Successfully installed plugin acme, version 1.0.0",
    ]
    done = world.run(*_INSTALL, *flags, "0" * 64, url)
    assert done.code == 1
    assert "checksum does not match" in done.err


def test_a_url_that_is_not_safe(world: World, publish: Publish, publishers_ca: RegistryCA) -> None:
    """Plain http, a redirect to it, a server that is not trusted and an error are refused."""
    path = published(world, "zip")
    plain = publish(Reply(200, (), path.read_bytes()), False)  # type: ignore[call-arg]
    redirect = publish(Reply(302, (("Location", f"{plain}/acme.zip"),)))
    missing = publish(Reply(404))
    trusted = ("--ca-file", publishers_ca.ca_file)
    for flags, url, text in (
        (trusted, plain, "is not an https URL"),
        (trusted, redirect, "without TLS, which is refused"),
        ((), missing, "its certificate is not trusted"),
        (trusted, missing, "the server answers 404"),
    ):
        done = world.run(*_INSTALL, "--url", "--sha256sum", _sum(path), *flags, f"{url}/acme.zip")
        assert done.code == 3
        assert text in done.err
    assert not installed(world).parent.exists()


# Removing


@pytest.mark.parametrize(("answer", "goes"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False)])
def test_uninstall_asks(world: World, answer: str, goes: bool) -> None:
    """A person is asked, and anything but yes is no."""
    add_executable(world.home.folder / "plugins", "acme", "broken")
    done = world.run("plugin", "uninstall", "acme", stdin=answer)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Are you sure you want to uninstall plugin 'acme'? [y/N] ")
    assert done.out.endswith("Successfully uninstalled plugin acme\n") == goes
    assert installed(world).exists() != goes


@pytest.mark.parametrize("words", [("uninstall", "-y"), ("remove", "--yes"), ("rm", "-y")])
def test_uninstall_without_asking(world: World, words: tuple[str, str]) -> None:
    """With --yes nobody is asked."""
    add_executable(world.home.folder / "plugins", "acme", shell_plugin("acme"))
    assert world.did("plugin", *words, "acme") == "Successfully uninstalled plugin acme\n"
    assert not installed(world).parent.exists()


def test_uninstall_of_what_is_not_there(world: World) -> None:
    """What is not installed, a package, and a name that leads elsewhere are refused without a question."""
    missing = "no executable plugin {!r} is installed: "
    assert world.refused(4, "plugin", "uninstall", "none") == missing.format("none") + "see 'notarykit plugin list'"
    text = world.refused(4, "plugin", "uninstall", "local-file")
    assert text.startswith(missing.format("local-file") + "it is in the package notarykit-local-file ")
    assert text.endswith(": uninstall that with pip")
    assert "is no plugin name" in world.refused(4, "plugin", "uninstall", "-y", "../plugins")
    assert world.refused(2, "plugin", "uninstall").startswith("missing plugin name")


@pytest.mark.parametrize("kind", ["link", "hidden"])
def test_uninstall_asks_whatever_it_is(world: World, kind: str) -> None:
    """What is not listed as a plugin is not removed without a question either."""
    name = ".acme" if kind == "hidden" else "acme"
    place = world.home.folder / "plugins" / name
    place.parent.mkdir(exist_ok=True)
    if kind == "link":
        place.symlink_to(world.folder)
    else:
        place.mkdir()
    assert "Are you sure" in world.did("plugin", "uninstall", name, stdin="n\n")
    assert place.is_symlink() or place.is_dir()
    world.did("plugin", "uninstall", "-y", name)
    assert not place.is_symlink()
    assert not place.exists()
    assert world.folder.exists()
