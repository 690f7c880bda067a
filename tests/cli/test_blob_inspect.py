"""`blob inspect`: the documented tree and JSON, timestamps, several signatures, and files that are none."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.blobs import make_blob, sign_blob
from tests.cli.test_json import schema
from tests.cli.world import World
from tests.servers.timestamp import openssl_ts
from tests.servers.timestamp.openssl_ts import OpensslAuthority
from tests.support.envelopes import sign_envelope
from tests.support.homes import blob_policy_document


@pytest.fixture(scope="module")
def authority() -> Iterator[OpensslAuthority]:
    """A timestamp authority."""
    with openssl_ts.running() as running:
        yield running


def _document(world: World, *paths: str, code: int = 0) -> Any:
    done = world.run("blob", "inspect", "-o", "json", *paths)
    assert done.code == code
    document = json.loads(done.out)
    schema("blob-inspect").validate(document)
    return document


@pytest.mark.parametrize(("form", "media_type"), [("jws", "application/jose+json"), ("cose", "application/cose")])
def test_tree_is_the_documented_one(world: World, form: str, media_type: str) -> None:
    """The labels of notation's documentation, in its order, with the signature's path as the root."""
    sign_blob(world, "release.tar", "--signature-format", form, "-m", "build=1", "-e", "1h")
    path = f"release.tar.{form}.sig"
    lines = world.did("blob", "inspect", path).splitlines()
    assert lines == world.did("blob", "inspect", "--output", "tree", path).splitlines()
    assert lines[0] == path
    assert [line for line in lines if line[0] in "├└"] == [
        "├── signature algorithm: ECDSA-SHA-256",
        f"├── signature envelope type: {media_type}",
        "├── signed attributes",
        "├── user defined attributes",
        "├── unsigned attributes",
        "├── certificates",
        "└── signed artifact",
    ]
    assert lines[-3] == "    ├── media type: application/octet-stream"
    assert lines[-1] == "    └── size: 9"
    labels = [line.lstrip("│├└─ ").partition(":")[0] for line in lines]
    signed = ["content type", "signing scheme", "signing time", "expiry"]
    assert labels[4:8] == signed
    assert "│   └── build: 1" in lines
    assert labels.count("SHA256 fingerprint") == 3


def test_json_is_the_documented_one(world: World) -> None:
    """JSON has the members of notation's, without a digest, which a blob's signature has not."""
    sign_blob(world, "release.tar", "-m", "build=1")
    document = _document(world, "release.tar.jws.sig")
    assert set(document) == {
        "signatureAlgorithm", "signatureEnvelopeType", "signedAttributes", "userDefinedAttributes",
        "unsignedAttributes", "certificates", "signedArtifact",
    }  # fmt: skip
    assert document["signedArtifact"]["size"] == 9
    assert document["unsignedAttributes"]["signingAgent"].startswith("notarykit/")


def test_timestamp_is_shown(world: World, authority: OpensslAuthority) -> None:
    """A timestamp comes behind the signing agent, with its limits and its certificates; it is verified as elsewhere."""
    root = world.folder / "tsa-root.crt"
    root.write_bytes(authority.root)
    sign_blob(world, "release.tar", "--timestamp-url", authority.url, "--timestamp-root-cert", str(root))
    lines = world.did("blob", "inspect", "release.tar.jws.sig").splitlines()
    begin = lines.index("├── unsigned attributes")
    assert lines[begin + 1].startswith("│   ├── signing agent: ")
    assert lines[begin + 2] == "│   └── timestamp signature"
    assert lines[begin + 3].startswith("│       ├── timestamp: [")
    timestamp = _document(world, "release.tar.jws.sig")["unsignedAttributes"]["timestampSignature"]
    assert len(timestamp["certificates"]) == len(authority.chain)
    world.home.store("tests", "tsa").mkdir(parents=True)
    (world.home.store("tests", "tsa") / "root.crt").write_bytes(authority.root)
    world.home.set_blob_policy(blob_policy_document(stores=["ca:tests", "tsa:tests"]))
    result = json.loads(world.did("blob", "verify", "-o", "json", "release.tar"))["results"][0]
    assert any(step["reason"].startswith(f"timestamp of {result['timestamp']}") for step in result["steps"])


def test_unreadable_timestamp_is_shown(world: World) -> None:
    """A timestamp that cannot be read does not hide the rest."""
    Path("a.jws.sig").write_bytes(sign_envelope(world.chain, timestamp=b"123"))
    shown = world.did("blob", "inspect", "a.jws.sig")
    assert "│       └── error: failed to parse timestamp countersignature: " in shown
    assert "└── signed artifact\n" in shown
    unsigned = _document(world, "a.jws.sig")["unsignedAttributes"]
    assert unsigned["timestampSignature"]["error"].startswith("failed to parse timestamp countersignature: ")


def test_several_signatures(world: World) -> None:
    """Each signature has its tree, or a result with its path; one that cannot be read does not hide the others."""
    for name in ("a", "b"):
        sign_blob(world, name)
    Path("bad.jws.sig").write_bytes(b"{")
    paths = ("a.jws.sig", "bad.jws.sig", "b.jws.sig")
    done = world.run("blob", "inspect", *paths)
    assert done.code == 1
    assert [line for line in done.out.splitlines() if line.endswith(".sig")] == ["a.jws.sig", "b.jws.sig"]
    assert done.err.startswith("Error: bad.jws.sig: ")
    results = _document(world, *paths, code=1)["results"]
    assert [result["signature"] for result in results] == list(paths)
    assert ["error" in result for result in results] == [False, True, False]
    lines = world.run("blob", "inspect", "-o", "jsonl", *paths).out.splitlines()
    assert [json.loads(line) for line in lines] == results


@pytest.mark.parametrize(
    ("name", "make", "code", "complaint"),
    [
        ("none.jws.sig", None, 3, "signature none.jws.sig does not exist"),
        ("a.jws.sig", Path.mkdir, 3, "a.jws.sig is not a regular file"),
        ("a.jws.sig", os.mkfifo, 3, "a.jws.sig is not a regular file"),
        ("a.jws.sig", lambda path: path.write_bytes(b""), 1, "JSON"),
        ("a.cose.sig", lambda path: path.write_bytes(b"{}"), 1, "COSE"),
        ("a.sig", lambda path: path.write_bytes(b"{}"), 2, "does not tell the signature's format"),
    ],
    ids=["absent", "directory", "pipe", "empty", "other format", "name"],
)
def test_files_that_are_refused(world: World, name: str, make: Any, code: int, complaint: str) -> None:
    """A file that is no signature is an error of one line."""
    if make is not None:
        make(world.folder / name)
    assert complaint in world.refused(code, "blob", "inspect", name)
    assert _document(world, name, code=code)["error"]["exitCode"] == code


def test_no_signature_is_refused(world: World) -> None:
    """A command line without a path, or with an output that there is not, is refused."""
    make_blob(world)
    assert world.refused(2, "blob", "inspect").startswith("missing signature path")
    assert "use tree or json or jsonl" in world.refused(2, "blob", "inspect", "-o", "text", "a.jws.sig")
