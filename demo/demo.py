"""`make demo`: the main job from end to end with the real command line, and what becomes of a changed signature.

Each command is printed before it is run. The program ends with exit code 0 only if every step did what it should.
"""

import base64
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(os.path.dirname(sys.executable), "notarykit")
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class Layout:
    """An OCI image layout that is written by hand, so that nothing here depends on what is being shown."""

    def __init__(self, path: str) -> None:
        self.path = path
        os.makedirs(os.path.join(path, "blobs", "sha256"))
        self.write("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')

    def write(self, name: str, content: bytes) -> None:
        with open(os.path.join(self.path, name), "wb") as file:
            file.write(content)

    def read(self, name: str) -> bytes:
        with open(os.path.join(self.path, name), "rb") as file:
            return file.read()

    def add_blob(self, content: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(content).hexdigest()
        self.write(f"blobs/sha256/{digest}", content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def blob(self, descriptor: dict[str, str]) -> bytes:
        return self.read("blobs/" + descriptor["digest"].replace(":", "/"))

    @property
    def index(self) -> dict[str, list[dict[str, object]]]:
        return json.loads(self.read("index.json"))  # type: ignore[no-any-return]

    @index.setter
    def index(self, value: dict[str, object]) -> None:
        self.write("index.json", json.dumps(value).encode())


def make_artifact(path: str) -> str:
    """A layout with one artifact, this project's licence, tagged v1; returns its digest."""
    layout = Layout(path)
    with open(os.path.join(os.path.dirname(HERE), "LICENSE"), "rb") as file:
        layer = layout.add_blob(file.read(), "text/plain")
    config = layout.add_blob(b"{}", "application/vnd.oci.empty.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.example.licence",
        "config": config,
        "layers": [layer],
    }
    descriptor = layout.add_blob(json.dumps(manifest).encode(), MANIFEST)
    entry = {**descriptor, "annotations": {"org.opencontainers.image.ref.name": "v1"}}
    layout.index = {"schemaVersion": 2, "manifests": [entry]}
    return str(descriptor["digest"])


def tamper(path: str) -> None:
    """Changes one byte of the signed payload, and gives envelope, manifest and index the digests that belong to it."""
    layout = Layout.__new__(Layout)
    layout.path = path
    index = layout.index
    entry = index["manifests"][-1]
    manifest = json.loads(layout.blob(entry))  # type: ignore[arg-type]
    envelope = json.loads(layout.blob(manifest["layers"][0]))
    payload = bytearray(base64.urlsafe_b64decode(envelope["payload"] + "=="))
    position = payload.index(b'"buildId":"1') + len(b'"buildId":"')
    payload[position] ^= 1
    print(f"    payload: byte {position} is now {chr(payload[position])!r}; all digests are made anew")
    envelope["payload"] = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    manifest["layers"][0] = layout.add_blob(json.dumps(envelope).encode(), "application/jose+json")
    index["manifests"][-1] = layout.add_blob(json.dumps(manifest).encode(), MANIFEST)
    layout.index = index  # type: ignore[assignment]


def run(folder: str, *arguments: str, expected: int = 0, shows: str = "") -> None:
    """Prints a command, runs it, shows what it says, and stops the demo if it did not do what it should."""
    print(f"\n$ notarykit {shlex.join(arguments)}", flush=True)
    environment = {**os.environ, "NOTATION_CONFIG": os.path.join(folder, "config")}
    done = subprocess.run(
        [PROGRAM, *arguments],
        cwd=folder,
        env=environment,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    print(done.stdout, end="", flush=True)
    if done.returncode != expected or shows not in done.stdout:
        sys.exit(f"\nThe demo stops: exit code {done.returncode} instead of {expected}, or not a word of {shows!r}.")


def main() -> None:
    """The main job, step by step."""
    with tempfile.TemporaryDirectory() as folder:
        digest = make_artifact(os.path.join(folder, "licence"))
        reference = f"licence@{digest}"
        verify = ("verify", "--oci-layout", "--scope", "local/licence", reference)
        print("An image layout 'licence' with one artifact, a test key with its certificate, and a trust policy:")
        run(folder, "certificate", "generate-test", "--default", "acme")
        run(
            folder, "policy", "init", "--name", "demo", "--scope", "local/licence", "--trust-store", "ca:acme",
            "--trusted-identity", "x509.subject: C=US, ST=WA, O=Notary, CN=acme",
        )  # fmt: skip
        print("\nNobody has signed it yet, so it is not accepted:")
        run(folder, *verify, expected=1, shows="no signature")
        print("\nSign it, look at the signature, verify it:")
        run(folder, "sign", "--oci-layout", "--user-metadata", "buildId=1", reference, shows="Successfully signed")
        run(folder, "list", "--oci-layout", reference, shows="application/vnd.cncf.notary.signature")
        run(folder, "inspect", "--oci-layout", reference, shows="buildId: 1")
        run(folder, *verify, shows="Successfully verified signature")
        print("\nNow somebody changes the signed payload, and is careful about all digests:")
        tamper(os.path.join(folder, "licence"))
        run(folder, *verify, expected=1, shows="signature does not hold")
    print("\nThe signature, and no digest, gave it away. Every step did what it should.")
    print(f"The command is {os.path.relpath(PROGRAM)}; 'source .venv/bin/activate' puts it on the path.")


if __name__ == "__main__":
    main()
