"""The page on files: its commands and its examples run, one after the other, and for a downloader by themselves."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_documents import ROOT, blocks
from tests.servers.timestamp import openssl_ts
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.support.crls import make_crl
from tests.support.homes import complete_home
from tests.support.ocsp_answers import responding
from tests.support.requirements import program
from tests.support.responders import Responder
from tests.support.revocable import crl_path, ocsp_path, revocable_chain

PAGE = (ROOT / "docs" / "blobs.md").read_text()


@pytest.fixture(scope="module")
def authority() -> Iterator[OpensslAuthority]:
    """The timestamp authority of the page."""
    with openssl_ts.running() as running:
        yield running


def _section(title: str) -> str:
    """The text of the section with this title."""
    (text,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return str(text)


class _User:
    """Somebody with a home folder of their own, who runs what the page says in a working folder."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.folder = home / "work"
        self.folder.mkdir(parents=True)
        path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ['PATH']}"
        self._environment = {"PATH": path, "HOME": str(home), **environment}

    def does(self, *command: str, code: int = 0) -> str:
        """Runs a command, which ends with this code, and returns what it prints."""
        done = subprocess.run(
            command, cwd=self.folder, env=self._environment, text=True, capture_output=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == code, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def does_section(self, title: str) -> list[str]:
        """Runs the shell blocks of a section, each by itself, and returns what they print."""
        return [
            self.does(program("bash"), "-e", "-o", "pipefail", "-c", each) for each in blocks(_section(title), "sh")
        ]


@pytest.fixture
def publisher(tmp_path: Path, authority: OpensslAuthority) -> _User:
    """A user who has run the introduction and the first section."""
    user = _User(tmp_path / "publisher", TSA_URL=authority.url)
    (user.folder / "tsa-root.crt").write_bytes(authority.root)
    user.does(program("bash"), "-e", "-c", blocks(PAGE.partition("\n## ")[0], "sh")[0])
    signed, copied, shown = user.does_section("Sign a file")
    assert f"Successfully signed app.tar.gz\nSignature file written to {user.folder}/app.tar.gz.jws.sig\n" in signed
    assert copied == ""
    assert "signature envelope type: application/jose+json" in shown
    return user


def test_commands_and_examples_run(publisher: _User) -> None:
    """Every block of the page runs in its order, and tells what the page says."""
    verified = "Successfully verified signature for "
    assert publisher.does_section("Verify a file")[-1] == f"{verified}app.tar.gz\n"
    each, found, listed, by_list, script, rest = publisher.does_section("Many files, and CI")
    for name in ("app.spdx.json", "app.whl"):
        assert f"Successfully signed dist/{name}\n" in each
        assert f"{verified}dist/{name}\n" in each
        assert f"{verified}dist/{name}\n" in found
        assert f"{name}: OK\n" in by_list
    assert "Successfully signed SHA256SUMS\n" in listed
    assert script.endswith("use the files here\n")
    assert rest == ""
    assert f"{verified}standard input\n" in publisher.does_section("Standard input")[0]
    assert f"{verified}app.tar.gz\n" in publisher.does_section("Which policy applies")[0]
    assert re.search(r"^version +1\.2$", publisher.does_section("Metadata, media type and expiry")[0], re.MULTILINE)
    assert f"{verified}app.tar.gz\n" in publisher.does_section("File names and formats")[0]
    assert "Successfully signed app.tar.gz\n" in publisher.does_section("Keys in a KMS, on a token, in a plugin")[0]
    stamped, under_archive = publisher.does_section("Timestamps")
    assert "Successfully signed app.tar.gz\n" in stamped
    assert f"{verified}app.tar.gz\n" in under_archive
    assert f"{verified}verified/app.tar.gz\n" in publisher.does_section("What is guaranteed, and what is not")[0]
    example = "".join(blocks(PAGE, "python"))
    assert re.fullmatch(
        r"sha256:[0-9a-f]{64} 10\nCN=release,O=Notary,L=Seattle,ST=WA,C=US\nVerified\n",
        publisher.does(sys.executable, "-c", example),
    )


def test_evidence_is_carried_along(tmp_path: Path, responder: Responder) -> None:
    """The section about machines without a network runs with a chain that can be looked up, and then without."""
    chain = revocable_chain(responder.url(), ocsp_at={1: []})
    responder.ocsp(ocsp_path(0), responding(chain))
    responder.put(crl_path(1), make_crl(chain, 2))
    user = _User(tmp_path)
    complete_home(tmp_path / ".config" / "notation", chain).set_blob_policy()
    (user.folder / "app.tar.gz").write_text("a release\n")
    user.does("notarykit", "blob", "sign", "app.tar.gz")
    collected, verified = user.does_section("Without a network")
    assert collected.startswith("Collected 2 file(s) for app.tar.gz.jws.sig\n")
    assert verified == "Successfully verified signature for app.tar.gz\n"
    assert len(responder.seen) == 2


def test_job_goes_on_with_what_is_not_signed(publisher: _User) -> None:
    """The loop signs the file whose signature is missing, and leaves the others."""
    publisher.does_section("Verify a file")
    publisher.does_section("Many files, and CI")
    (publisher.folder / "signatures" / "app.whl.jws.sig").unlink()
    done = publisher.does(program("bash"), "-e", "-c", blocks(_section("Many files, and CI"), "sh")[5])
    assert "Successfully signed dist/app.whl\n" in done
    assert "app.spdx.json" not in done


def test_no_block_is_left_out() -> None:
    """The test above runs every shell block of the page: each is in one of the sections that it runs."""
    source = Path(__file__).read_text()
    for title in re.findall(r"^## (.*)$", PAGE, re.MULTILINE):
        if blocks(_section(title), "sh"):
            assert f'does_section("{title}")' in source, title


def test_downloader_needs_no_more_than_is_published(publisher: _User, tmp_path: Path) -> None:
    """Who has the file, its signature and the certificate verifies by that section alone, and no other file."""
    downloader = _User(tmp_path / "downloader")
    for name in ("app.tar.gz", "app.tar.gz.jws.sig", "release.crt"):
        shutil.copy(publisher.folder / name, downloader.folder)
    assert downloader.does_section("Verify a file")[-1].startswith("Successfully verified")
    (downloader.folder / "app.tar.gz").write_text("bad thing\n")
    refused = downloader.does("notarykit", "blob", "verify", "app.tar.gz", code=1)
    assert "integrity: the signature is for sha256:" in refused


@pytest.mark.parametrize("block", [3, 4], ids=["terminal", "script"])
def test_changed_file_of_a_list_is_found_out(publisher: _User, block: int) -> None:
    """The list of checksums finds a file that is not as it was signed, and so does its signature a changed list."""
    publisher.does_section("Verify a file")
    publisher.does_section("Many files, and CI")
    check = blocks(_section("Many files, and CI"), "sh")[block]
    (publisher.folder / "dist" / "app.whl").write_text("another package\n")
    changed = publisher.does(program("bash"), "-c", check, code=1)
    assert "app.whl: FAILED" in changed
    assert "use the files" not in changed
    (publisher.folder / "SHA256SUMS").write_text("")
    refused = publisher.does(program("bash"), "-c", check, code=1)
    assert refused.startswith("Error: signature verification failed for SHA256SUMS ")
    assert "FAILED" not in refused  # the files are not looked at
