"""`blob sign`: the signature's file, its content, what is refused, and many blobs in one command."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import notarykit
from notarykit._internal import files
from notarykit._internal.printable import printable
from notarykit.blob import content
from notarykit.cli.commands.blob import sign
from notarykit.errors import StorageError
from notarykit.signing import blob as signing
from tests.cli.blobs import make_blob, sign_blob
from tests.cli.terminal import Terminal
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.support.ca import SPECS, make_chain
from tests.support.executables import add_executable, shell_plugin

_QUESTION = "The signature file already exists, do you want to overwrite it? [y/N] "


@pytest.fixture
def release(world: World) -> Path:
    """A blob, and a trust policy by which its signatures are verified."""
    world.home.set_blob_policy()
    return world.folder / make_blob(world)


def _results(out: str) -> Any:
    document = json.loads(out)
    schema("blob-sign").validate(document)
    return document["results"]


@pytest.mark.requirement("workflow:signature-file")
@pytest.mark.parametrize("form", ["jws", "cose"])
def test_signature_file_is_beside_the_blob(world: World, release: Path, form: str) -> None:
    """The two lines of notation's documentation are printed, and the file has the documented name and place."""
    (world.folder / "dist").mkdir()
    make_blob(world, "dist/my blob.bin")
    said = world.did("blob", "sign", "--signature-format", form, "dist/my blob.bin")
    path = world.folder / "dist" / f"my blob.bin.{form}.sig"
    assert said == f"Successfully signed dist/my blob.bin\nSignature file written to {path}\n"
    assert isinstance(notarykit.verify_blob("dist/my blob.bin", path).verdict, notarykit.Verified)


def test_format_is_that_of_the_settings(world: World, release: Path) -> None:
    """Without a flag the user's settings have the format."""
    (world.home.folder / "config.json").write_text('{"signatureFormat": "cose"}')
    assert world.did("blob", "sign", "release.tar").endswith("release.tar.cose.sig\n")


@pytest.mark.parametrize("spec", SPECS)
def test_result_has_descriptor_and_signature(world: World, spec: str, release: Path) -> None:
    """JSON has the blob's digest by the hash of the key, and the absolute path of the signature's file."""
    world.home.add_key(make_chain(spec, 2), "other")
    (result,) = _results(world.did("blob", "sign", "-o", "json", "--key", "other", "release.tar"))
    bits = {"2048": 256, "3072": 384, "4096": 512, "256": 256, "384": 384, "521": 512}[spec.split("-")[1]]
    assert (result["blob"], result["signed"]) == ("release.tar", True)
    assert result["artifact"]["digest"].startswith(f"sha{bits}:")
    assert result["artifact"]["size"] == len(b"a release")
    assert result["signature"]["path"] == f"{release}.jws.sig"
    assert result["signature"]["signatureAlgorithm"].endswith(f"-SHA-{bits}")
    assert len(result["signature"]["certificateThumbprints"]) == 2


def test_what_is_signed_along(world: World, release: Path) -> None:
    """Media type, user metadata and expiry are in the signature."""
    sign_blob(world, "a", "--media-type", "application/gzip; q=1", "-m", "build=1", "-m", "by=me", "--expiry", "2h")
    document = json.loads(world.did("blob", "inspect", "-o", "json", "a.jws.sig"))
    assert document["signedArtifact"]["mediaType"] == "application/gzip; q=1"
    assert document["userDefinedAttributes"] == {"build": "1", "by": "me"}
    assert "expiry" in document["signedAttributes"]
    sign_blob(world, "b")
    document = json.loads(world.did("blob", "inspect", "-o", "json", "b.jws.sig"))
    assert document["signedArtifact"]["mediaType"] == "application/octet-stream"


def test_signature_directory(world: World, release: Path) -> None:
    """Signatures are put into a directory that is there; none is made out of a typing error."""
    (world.folder / "signatures").mkdir()
    said = world.did("blob", "sign", "--signature-directory", "signatures", "release.tar")
    assert said.endswith(f"written to {world.folder / 'signatures' / 'release.tar.jws.sig'}\n")
    for name in ("absent", "release.tar"):
        text = f"--signature-directory {name} is no directory: create it, or name another"
        assert world.refused(2, "blob", "sign", "--signature-directory", name, "release.tar") == text


def test_signature_file_by_name(world: World, release: Path) -> None:
    """The name of `--signature` decides the format, unless the command line has another one."""
    world.did("blob", "sign", "-s", "mine.COSE.sig", "release.tar")
    world.did("blob", "sign", "-s", "mine", "release.tar")
    world.did("blob", "sign", "-s", "same.cose.sig", "--signature-format", "cose", "release.tar")
    for name, form in (("mine.COSE.sig", "application/cose"), ("mine", "application/jose+json")):
        document = json.loads(world.did("blob", "inspect", "-o", "json", name))
        assert document["signatureEnvelopeType"] == form
    error = world.refused(2, "blob", "sign", "-s", "x.cose.sig", "--signature-format", "jws", "release.tar")
    assert error == "--signature x.cose.sig tells another format than --signature-format"
    assert "does not tell the signature's format" in world.refused(2, "blob", "sign", "-s", "x.sig", "release.tar")
    error = world.refused(3, "blob", "sign", "-s", "absent/x.jws.sig", "release.tar")
    assert error == "directory absent does not exist: create it, or choose another"


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--media-type", "text"), "media type 'text' is malformed"),
        (("--media-type", ""), "media type '' is malformed"),
        (("--media-type", "application/vnd.oci.image.manifest.v1+json"), "is the media type of an artifact"),
        (("--signature", ""), "--signature is set, but with an empty value"),
        (("--signature-directory", ""), "--signature-directory is set, but with an empty value"),
        (("--from", ""), "--from is set, but with an empty value"),
        (("--key", ""), "--key is set, but with an empty value"),
        (("--plugin", "", "--id", ""), "--id is set, but with an empty value"),
        (("--plugin", "local-file", "--id", ""), "--id is set, but with an empty value"),
        (("--plugin", "", "--id", "x"), "--plugin is set, but with an empty value"),
        (("--signature", "a.jws.sig", "--signature-directory", "."), "exclude each other"),
        (("--signature", "a.jws.sig", "other"), "--signature is for one blob"),
        (("--signature-format", "pgp"), "unrecognized value 'pgp' of --signature-format"),
        (("--expiry", "1ms"), "must be a whole number of seconds"),
        (("--key", "build", "--id", "x"), "exclude each other"),
        (("--plugin", "local-file"), "flags --id and --plugin belong together"),
        (("--id", "x"), "flags --id and --plugin belong together"),
        (("--plugin", "x", "--id", "x", "--key", "build"), "exclude each other"),
        (("--timestamp-url", "http://127.0.0.1:9"), "use both"),
        (("-m", "io.cncf.notary.x=1"), "reserved prefix"),
        (("-m", "x"), "not of the form key=value"),
        (("--timestamp-url", "", "--timestamp-root-cert", "x"), "--timestamp-url is set, but with an empty value"),
        (("--signature", "-"), "--signature - is no file: name a file, and by ./- one of that name"),
        (("",), "the path of the blob is empty"),
        (("-",), "the blob on standard input must be the only one"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, tuple) else "",
)
def test_flags_that_are_refused(world: World, release: Path, flags: tuple[str, ...], complaint: str) -> None:
    """What is wrong with a command line is exit code 2, and nothing is signed."""
    assert complaint in world.refused(2, "blob", "sign", *flags, "release.tar")
    assert not list(world.folder.glob("*.sig"))


def test_no_blob_is_refused(world: World) -> None:
    """A command line without a blob says what is missing."""
    assert world.refused(2, "blob", "sign") == "missing file path to the blob: see 'notarykit blob sign --help'"
    (world.folder / "empty.txt").write_text("# nothing\n")
    assert world.refused(2, "blob", "sign", "--from", "empty.txt") == "--from empty.txt: no path of a blob"


def test_signatures_among_the_blobs_are_refused(world: World, release: Path) -> None:
    """A pattern that brings signatures along signs nothing, and one in a file is left out; a single one is meant."""
    sign_blob(world, "a")
    message = "a.jws.sig is named as a signature, and not as what is to be signed: leave signatures out, keep them in "
    assert world.refused(2, "blob", "sign", "--force", "a", "a.jws.sig", "release.tar").startswith(message)
    assert not (world.folder / "release.tar.jws.sig").exists()
    (world.folder / "list").write_text("a.jws.sig\nrelease.tar\n")
    done = world.run("blob", "sign", "--from", "list")
    assert (done.code, done.out.splitlines()[0]) == (2, "Successfully signed release.tar")
    assert f"list, line 1: {message}" in done.err
    assert "Successfully" in world.did("blob", "sign", "a.jws.sig")


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _unreadable(path: Path) -> None:
    path.symlink_to("/proc/self/mem")  # for root, too: there is nothing at its beginning


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda _: None, "bad does not exist: check the path of the blob"),
        (Path.mkdir, "bad is not a regular file: name the files in the folder, or pack it with tar"),
        (_pipe, "bad is not a regular file"),
        (_device, "bad is not a regular file"),
        (_unreadable, "bad cannot be read: Input/output error"),
    ],
    ids=["absent", "directory", "pipe", "device", "unreadable"],
)
def test_blobs_that_are_refused(world: World, make: Callable[[Path], None], complaint: str) -> None:
    """What is no readable regular file is exit code 3, at once, and others are signed all the same."""
    make(world.folder / "bad")
    assert world.refused(3, "blob", "sign", "bad") == complaint
    make_blob(world, "good")
    done = world.run("blob", "sign", "bad", "good")
    assert (done.code, done.err) == (3, f"Error: {complaint}\n")
    assert done.out.startswith("Successfully signed good\n")
    assert [path.name for path in world.folder.glob("*.sig")] == ["good.jws.sig"]


def test_place_that_cannot_be_written_to(world: World, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, or a folder of others, is exit code 3, with the advice to name another place."""

    def full(path: str, *_: object) -> None:
        raise StorageError(f"{path} cannot be written: No space left on device")

    monkeypatch.setattr(files, "create", full)
    error = world.refused(3, "blob", "sign", "release.tar")
    assert error == (
        "release.tar.jws.sig cannot be written: No space left on device: make room or give access there, "
        "or name another --signature-directory"
    )


def test_more_than_a_thousand_blobs(world: World, release: Path) -> None:
    """A pattern may bring any number of files."""
    done = world.run("blob", "sign", "--jobs", "1", "-o", "jsonl", *["release.tar"] * 1500)
    assert (done.code, len(done.out.splitlines())) == (2, 1500)
    assert done.out.startswith('{"blob": "release.tar", "signed": true')


def test_names_that_look_like_flags(world: World, release: Path) -> None:
    """A file's name that begins with a dash is no flag behind ./ or --, as the advice says."""
    make_blob(world, "-x.tar")
    error = world.refused(2, "blob", "sign", "-x.tar")
    assert error.endswith(": write ./-x.tar for the file of that name, or -- before all files")
    assert world.did("blob", "sign", "--", "-x.tar").startswith("Successfully signed -x.tar\n")
    assert world.did("blob", "verify", "./-x.tar") == "Successfully verified signature for ./-x.tar\n"


def test_names_of_others_do_not_reach_the_terminal(world: World, release: Path) -> None:
    """Control characters of a name are escaped in each message, and the files have the names that they have."""
    name = "\x1b[2J\nError: a\u202e\udcff"
    shown = "\\x1b[2J\\nError: a\\u202e\\udcff"
    make_blob(world, name)
    said = world.did("blob", "sign", name)
    assert said == f"Successfully signed {shown}\nSignature file written to {world.folder}/{shown}.jws.sig\n"
    assert world.did("blob", "verify", name) == f"Successfully verified signature for {shown}\n"
    (result,) = json.loads(world.did("blob", "verify", "-o", "json", name))["results"]
    assert (result["blob"], result["signature"]) == (name, f"{name}.jws.sig")
    for command in (("sign",), ("sign", "--force"), ("verify", "--policy-name", name), ("verify", "-s", f"{name}/x")):
        done = world.run("blob", *command, name)
        assert shown in done.err
        assert done.err.replace("\n", "").isprintable()
    assert shown in world.did("blob", "inspect", f"{name}.jws.sig")


def test_empty_blob_is_signed(world: World, release: Path) -> None:
    """A file of no bytes is a blob like any other."""
    sign_blob(world, "empty", content=b"")
    assert world.did("blob", "verify", "empty") == "Successfully verified signature for empty\n"


def test_blob_that_grows_is_refused(world: World, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob that is written to while it is read has no signature."""
    hashed = content.FileBlob._hash

    def growing(*arguments: Any) -> tuple[str, int]:
        with release.open("ab") as file:
            file.write(b", and more")
        digest, size = hashed(*arguments)
        return digest, size

    monkeypatch.setattr(content.FileBlob, "_hash", growing)
    error = world.refused(3, "blob", "sign", "release.tar")
    assert error == "release.tar has changed while it was read: wait until nothing writes to it any more"
    assert not list(world.folder.glob("*.sig"))


def test_existing_signature_is_kept(world: World, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody can be asked, a signature that is there is an error with the advice, before the key is used."""
    path = world.folder / "release.tar.jws.sig"
    path.write_text("mine")
    monkeypatch.setattr(sign, "sign_blob", None)
    error = world.refused(2, "blob", "sign", "release.tar")
    assert error == "signature file release.tar.jws.sig exists already: add --force to overwrite it"
    done = world.run("blob", "sign", "-o", "json", "release.tar")
    (result,) = _results(done.out)
    assert (done.code, result["signed"], result["error"]["exitCode"]) == (2, False, 2)
    path.unlink()
    path.symlink_to("nowhere")
    assert "exists already" in world.refused(2, "blob", "sign", "release.tar")
    assert path.is_symlink()


def test_force_overwrites_with_a_warning(world: World, release: Path) -> None:
    """With the flag a signature is replaced, and one that is not there brings no warning."""
    sign_blob(world, "release.tar", "--force")
    before = (world.folder / "release.tar.jws.sig").read_bytes()
    done = world.run("blob", "sign", "--force", "release.tar")
    assert done.code == 0
    assert done.err == "Warning: release.tar: existing signature file release.tar.jws.sig will be overwritten\n"
    assert (world.folder / "release.tar.jws.sig").read_bytes() != before
    assert world.did("blob", "verify", "release.tar").startswith("Successfully")


def test_signature_that_comes_meanwhile_is_kept(world: World, release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that another program writes while the blob is signed is not overwritten either."""
    path = world.folder / "release.tar.jws.sig"
    signed = signing.sign_blob

    def meanwhile(*arguments: Any) -> signing.SignedBlob:
        path.write_text("another's")
        return signed(*arguments)

    monkeypatch.setattr(sign, "sign_blob", meanwhile)
    assert "exists already: add --force" in world.refused(2, "blob", "sign", "release.tar")
    assert path.read_text() == "another's"
    assert len(list(world.folder.iterdir())) == 4  # settings, layout, blob, signature


@pytest.mark.parametrize("answer", ["y", "n", ""])
def test_question_at_a_terminal(world: World, release: Path, answer: str) -> None:
    """At a terminal notation's question is asked, and no is the default; the key is not used before."""
    path = world.folder / "release.tar.jws.sig"
    path.write_text("mine")
    (world.home.folder / "build.key").rename("build.key")
    with Terminal(world, "blob", "sign", "release.tar") as terminal:
        terminal.wait_for(_QUESTION)
        Path("build.key").rename(world.home.folder / "build.key")
        terminal.type(answer)
        assert terminal.end() == 0
    if answer == "y":
        assert terminal.shown.endswith(f"Successfully signed release.tar\nSignature file written to {path}\n")
        assert world.did("blob", "verify", "release.tar").startswith("Successfully")
    else:
        assert terminal.shown.endswith("The signature file was not changed.\n")
        assert path.read_text() == "mine"


def test_force_asks_nothing(world: World, release: Path) -> None:
    """At a terminal the flag is the answer."""
    (world.folder / "release.tar.jws.sig").write_text("mine")
    with Terminal(world, "blob", "sign", "--force", "release.tar") as terminal:
        assert terminal.end() == 0
    assert "[y/N]" not in terminal.shown
    assert "Successfully signed" in terminal.shown


def test_several_blobs_are_asked_nothing(world: World, release: Path) -> None:
    """With several blobs, or JSON, a terminal gets the same errors as a script."""
    sign_blob(world, "other")
    for arguments in (("other", "release.tar"), ("-o", "jsonl", "other")):
        with Terminal(world, "blob", "sign", *arguments) as terminal:
            assert terminal.end() == 2
        assert "signature file other.jws.sig exists already: add --force to overwrite it" in terminal.shown
        assert "[y/N]" not in terminal.shown
    assert (world.folder / "release.tar.jws.sig").exists()


@pytest.mark.parametrize("link", [None, Path.hardlink_to, Path.symlink_to], ids=["itself", "hard link", "link"])
def test_signature_never_replaces_the_blob(world: World, link: Any) -> None:
    """A blob is not overwritten by its signature, under whichever name."""
    blob = make_blob(world, "blob.jws.sig")
    if link is not None:
        link(world.folder / "other.jws.sig", world.folder / blob)
    target = "other.jws.sig" if link else blob
    error = world.refused(2, "blob", "sign", "--force", "-s", target, blob)
    assert error == f"the signature {target} would replace the blob itself: name another file"
    assert (world.folder / blob).read_bytes() == b"a release"


@pytest.mark.parametrize("flags", [("--force",), ()], ids=["force", "no force"])
@pytest.mark.parametrize("make", [lambda path: path.write_bytes(b"a private key"), _pipe, Path.mkdir, _device])
def test_signature_replaces_nothing_but_signatures(
    world: World, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], flags: tuple[str, ...]
) -> None:
    """A mistyped `--signature` costs no key and no device, and is said before the key is used."""
    monkeypatch.setattr(sign, "sign_blob", None)
    blob, path = make_blob(world), world.folder / "id_ed25519"
    make(path)
    before = path.lstat()
    error = world.refused(2, "blob", "sign", *flags, "-s", "id_ed25519", blob)
    assert error == "id_ed25519 is no signature, and is not replaced by one: name another file"
    after = path.lstat()  # without the time of access, which is not the same where a link was followed
    assert (after.st_ino, after.st_mode, after.st_ctime_ns) == (before.st_ino, before.st_mode, before.st_ctime_ns)


def test_question_is_not_asked_about_what_is_no_signature(world: World) -> None:
    """At a terminal nobody is asked to overwrite a key."""
    (world.folder / "id_ed25519").write_bytes(b"a private key")
    with Terminal(world, "blob", "sign", "-s", "id_ed25519", make_blob(world)) as terminal:
        assert terminal.end() == 2
    assert "[y/N]" not in terminal.shown


def test_standard_input_is_signed(world: World, release: Path) -> None:
    """What comes on standard input is a blob, whose signature has a name of its own."""
    said = world.did("blob", "sign", "-s", "release.tar.cose.sig", "-", stdin="a release")
    path = world.folder / "release.tar.cose.sig"
    assert said == f"Successfully signed standard input\nSignature file written to {path}\n"
    assert world.did("blob", "verify", "release.tar").startswith("Successfully verified")
    done = world.process("blob", "sign", "-o", "json", "-s", "x.jws.sig", "-", stdin=b"\0\xff\n")
    (result,) = _results(done.out)
    assert (result["blob"], result["artifact"]["size"]) == ("-", 3)
    (world.folder / "list").write_text("-\n")
    error = world.refused(2, "blob", "sign", "--from", "list", stdin="a release")
    assert error == "-: list, line 1: - is standard input, which is signed and verified alone: name a file by ./-"
    error = world.refused(2, "blob", "sign", "-", stdin="a release")
    assert error.startswith("the blob on standard input must be the only one, and needs --signature")


def test_empty_standard_input_is_told(world: World) -> None:
    """What a program before it has failed to write is signed with a warning; the signature is one of no bytes."""
    done = world.run("blob", "sign", "-s", "x.jws.sig", "-")
    assert (done.code, done.err) == (0, "Warning: -: standard input was empty, and that is what is signed\n")
    world.home.set_blob_policy()
    make_blob(world, "empty", b"")
    assert world.did("blob", "verify", "-s", "x.jws.sig", "empty").startswith("Successfully")


def test_several_blobs_are_signed_in_order(world: World) -> None:
    """Each blob has its lines, in the order of arguments and file; one that fails does not end the work on others."""
    names = [make_blob(world, f"b{number}", bytes([number])) for number in range(6)]
    (world.folder / "more.txt").write_text("# more\nb3\n\nb4\nabsent\nb5\n")
    done = world.run("blob", "sign", "--jobs", "3", "--from", "more.txt", *names[:3])
    lines = [f"Successfully signed {name}\nSignature file written to {world.folder / name}.jws.sig\n" for name in names]
    assert (done.code, done.out) == (3, "".join(lines))
    assert done.err == "Error: absent does not exist: check the path of the blob\n"
    done = world.run("blob", "sign", "--force", "-o", "jsonl", *names, "absent")
    results = [json.loads(line) for line in done.out.splitlines()]
    assert [result["blob"] for result in results] == [*names, "absent"]
    whole: Any = schema("blob-sign").schema
    for line in results:
        Draft202012Validator({"$ref": "#/$defs/line", "$defs": whole["$defs"]}).validate(line)


def test_names_in_a_file_are_not_those_of_other_files(world: World) -> None:
    """A name with a blank at an end, as others may give to a file, is no other file's; nor is it passed over."""
    world.home.set_blob_policy()
    sign_blob(world, "good")
    for name in ("good ", " good", "good\t", " #good", "good\r", "  "):
        make_blob(world, name, b"bad")
        (world.folder / "list").write_bytes(f"{name}\ngood\n".encode())
        done = world.run("blob", "verify", "--from", "list")
        assert (done.code, done.out) == (2, "Successfully verified signature for good\n")
        assert done.err.startswith(f"Error: {printable(name)}: list, line 1: a blank at its beginning or end: ")
        sign_blob(world, name)
        assert world.run("blob", "verify", name).code == 0
    (world.folder / "list").write_bytes(b"#good\n\ngood")
    assert world.did("blob", "verify", "--from", "list") == "Successfully verified signature for good\n"


def test_blobs_of_one_name_do_not_share_a_signature_file(world: World) -> None:
    """In a common directory the second of two blobs with the same name is refused, with --force too."""
    for folder in ("one", "two", "signatures"):
        (world.folder / folder).mkdir()
    blobs = [make_blob(world, f"{folder}/x", folder.encode()) for folder in ("one", "two")]
    command = ("blob", "sign", "--force", "--signature-directory", "signatures")
    assert "another blob of this name" in world.refused(2, *command, *blobs)
    (world.folder / "list").write_text("\n".join(blobs))
    done = world.run(*command, "--from", "list")
    assert (done.code, done.out.splitlines()[0]) == (2, "Successfully signed one/x")
    assert "another blob of this name" in done.err


def test_worker_processes_sign_and_verify(world: World) -> None:
    """From 400 blobs on, the work is done by other processes, with the same output and a summary."""
    world.home.set_blob_policy()
    names = [make_blob(world, f"b{number}", str(number).encode()) for number in range(401)]
    (world.folder / "blobs.txt").write_text("\n".join(names))
    done = world.process("blob", "sign", "--from", "blobs.txt", "--jobs", "2")
    assert done.out.splitlines()[::2] == [f"Successfully signed {name}" for name in names]
    assert (done.code, done.err.splitlines()[-1]) == (0, "401 blobs: 401 done, 0 failed")
    done = world.process("blob", "verify", "--from", "blobs.txt", "--jobs", "2", "-o", "jsonl")
    results = [json.loads(line) for line in done.out.splitlines()]
    assert [(result["blob"], result["verdict"]) for result in results] == [(name, "verified") for name in names]
    assert done.code == 0


@pytest.mark.requirement("plugin:blob-signature")
def test_plugin_signs(world: World, release: Path) -> None:
    """A key in a plugin is named on the command line, with the plugin's settings."""
    key, chain = world.home.folder / "build.key", world.home.folder / "build.chain.pem"
    config = ("--id", str(key), "--plugin-config", f"certificate_chain={chain}", "--plugin-timeout", "30s")
    sign_blob(world, "release.tar", "--plugin", "local-file", *config)
    assert world.did("blob", "verify", "release.tar").startswith("Successfully")
    assert world.refused(4, "blob", "sign", "--force", "--plugin", "none", "--id", "x", "release.tar")


@pytest.mark.requirement("plugin:blob-capability")
def test_plugin_that_signs_artifacts_alone_is_refused(world: World, release: Path) -> None:
    """A plugin that makes envelopes has to say that it makes those of blobs."""
    add_executable(world.home.folder / "plugins", "oci", shell_plugin("oci", "SIGNATURE_GENERATOR.ENVELOPE"))
    error = world.refused(4, "blob", "sign", "--plugin", "oci", "--id", "x", "release.tar")
    assert error == "plugin oci cannot sign blobs: choose a plugin that does"


def test_large_blob_shows_how_far_it_is_and_can_be_interrupted(world: World) -> None:
    """On a terminal a line shows the bytes that were read; Ctrl-C ends with 130 and leaves nothing behind."""
    with (world.folder / "large").open("wb") as file:
        file.truncate(1 << 42)  # no disk holds it, and nobody reads it to its end
    with Terminal(world, "blob", "sign", "large") as terminal:
        terminal.wait_for("B of 4.4 TB … ")
        assert "\rSigning large, " in terminal.shown.replace("\x1b[K", "")
        terminal.interrupt()
        assert terminal.end() == 130
    assert terminal.shown.endswith("Error: interrupted\n")
    assert {path.name for path in world.folder.iterdir()} == {"home", "hello", "large"}


def test_second_interruption_ends_several_blobs_at_once(world: World) -> None:
    """With several blobs the first signal lets those end that were begun, and the second does not wait."""
    make_blob(world, "small")
    with (world.folder / "large").open("wb") as file:
        file.truncate(1 << 42)
    with Terminal(world, "blob", "sign", "--jobs", "1", "small", "large") as terminal:
        terminal.wait_for("Signing 1 of 2")
        terminal.interrupt()
        terminal.wait_for("Stopping: what was begun ends first")
        terminal.interrupt()
        assert terminal.end() == 130
    assert terminal.shown.endswith("Error: interrupted: 1 done, 0 failed, 1 remain\n")
    assert {path.name for path in world.folder.glob("*.sig")} == {"small.jws.sig"}
    assert not list(world.folder.glob(".notarykit-tmp*"))
