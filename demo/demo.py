"""`make demo`: signing and verification with the command line, and a signature that was tampered with.

Each command is printed before it runs. The exit code is 0 if every step has the expected outcome.
"""

import base64
import json
import os
import shlex
import subprocess
import sys
import tempfile

from layout import MANIFEST, Layout, make_artifact

PROGRAM = os.path.join(os.path.dirname(sys.executable), "notarykit")


def tamper(path: str) -> None:
    """Changes one byte of the signed payload and updates the digests of envelope, manifest and index."""
    layout = Layout.__new__(Layout)
    layout.path = path
    index = layout.index
    entry = index["manifests"][-1]
    manifest = json.loads(layout.blob(entry))  # type: ignore[arg-type]
    envelope = json.loads(layout.blob(manifest["layers"][0]))
    payload = bytearray(base64.urlsafe_b64decode(envelope["payload"] + "=="))
    position = payload.index(b'"buildId":"1') + len(b'"buildId":"')
    payload[position] ^= 1
    print(f"    payload: byte {position} is now {chr(payload[position])!r}; all digests are updated")
    envelope["payload"] = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    manifest["layers"][0] = layout.add_blob(json.dumps(envelope).encode(), "application/jose+json")
    index["manifests"][-1] = layout.add_blob(json.dumps(manifest).encode(), MANIFEST)
    layout.index = index  # type: ignore[assignment]


def run(folder: str, *arguments: str, expected: int = 0, shows: str = "") -> None:
    """Prints a command, runs it, prints its output, and ends the demo if the outcome is unexpected."""
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
        sys.exit(f"\nThe demo stops: exit code {done.returncode} instead of {expected}, or no {shows!r} in the output.")


def main() -> None:
    """Runs the demo."""
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
        print("\nIt has no signature yet, so verification fails:")
        run(folder, *verify, expected=1, shows="no signature")
        print("\nSign it, inspect the signature, verify it:")
        run(folder, "sign", "--oci-layout", "--user-metadata", "buildId=1", reference, shows="Successfully signed")
        run(folder, "list", "--oci-layout", reference, shows="application/vnd.cncf.notary.signature")
        run(folder, "inspect", "--oci-layout", reference, shows="buildId: 1")
        run(folder, *verify, shows="Successfully verified signature")
        print("\nChange the signed payload, with matching digests:")
        tamper(os.path.join(folder, "licence"))
        run(folder, *verify, expected=1, shows="signature does not hold")
    print("\nThe signature reveals the change. Every step had the expected outcome.")
    print(f"The command is {os.path.relpath(PROGRAM)}; 'source .venv/bin/activate' puts it on the path.")


if __name__ == "__main__":
    main()
