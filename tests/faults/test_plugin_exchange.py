"""A plugin's file, or its signature, that is exchanged while it is verified and installed: what is run was verified."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import notarykit
from notarykit.errors import NotarykitError
from notarykit.verification.blob import BlobVerifier, VerifiedBlob
from tests.support.archives import write_tar
from tests.support.ca import make_chain
from tests.support.executables import shell_plugin
from tests.support.homes import Home, blob_policy_document, complete_home

_TURNS = 40


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Settings in which the statement `plugins` trusts the key."""
    home = complete_home(tmp_path / "home", make_chain())
    home.set_blob_policy(blob_policy_document("plugins"))
    monkeypatch.setenv("NOTATION_CONFIG", str(home.folder))
    monkeypatch.setenv("HOME", str(tmp_path))
    return home


def _archive(path: Path, *, trace: Path | None = None) -> Path:
    """A plugin, which leaves a trace when it is run if a path for it is given."""
    text = shell_plugin("acme")
    if trace:
        text = text.replace("#!/bin/sh\n", f"#!/bin/sh\ntouch '{trace}'\n")
    return write_tar(path, [("notation-acme", text, 0o755)])


def _signed(path: Path) -> Path:
    signed = notarykit.sign_blob(_archive(path))
    notarykit.write_signature(notarykit.signature_path(path, signed.signature.media_type), signed.signature.envelope)
    return path


@contextmanager
def _exchanging(path: Path, others: list[bytes]) -> Iterator[None]:
    """Has a thread put one content after the other into the place of a file, by renames and by overwriting."""
    done = threading.Event()

    def exchange() -> None:
        turn = 0
        while not done.is_set():
            content = others[turn % len(others)]
            if turn % 3:
                (path.parent / "next").write_bytes(content)
                os.replace(path.parent / "next", path)
            else:
                path.write_bytes(content)
            turn += 1

    thread = threading.Thread(target=exchange)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_file_is_exchanged_after_its_verification(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is put into the file's place once its signature holds is neither unpacked nor run."""
    path, trace = _signed(tmp_path / "acme.tar.gz"), tmp_path / "ran"
    verify = BlobVerifier.blob_by_any

    def exchanged(self: BlobVerifier, *arguments: object, **options: object) -> VerifiedBlob:
        verified = verify(self, *arguments, **options)  # type: ignore[arg-type]
        _archive(path, trace=trace)
        return verified

    monkeypatch.setattr(BlobVerifier, "blob_by_any", exchanged)
    assert notarykit.install_plugin(path, "plugins").name == "acme"
    assert not trace.exists()
    assert (home.folder / "plugins" / "acme" / "notation-acme").read_text() == shell_plugin("acme")


def test_file_is_exchanged_all_the_time(home: Home, tmp_path: Path) -> None:
    """Whatever is in the file's place at which moment, only what was signed is ever run."""
    path, trace = _signed(tmp_path / "acme.tar.gz"), tmp_path / "ran"
    good = path.read_bytes()
    evil = _archive(tmp_path / "evil", trace=trace).read_bytes()
    codes = set[int]()
    with _exchanging(path, [good, evil]):
        for _ in range(_TURNS):
            try:
                notarykit.install_plugin(path, "plugins", force=True)
                codes.add(0)
            except NotarykitError as error:
                codes.add(error.exit_code)
    assert not trace.exists()
    path.write_bytes(good)
    notarykit.install_plugin(path, "plugins", force=True)
    assert (home.folder / "plugins" / "acme" / "notation-acme").read_text() == shell_plugin("acme")
    assert codes <= {0, 1, 3}
