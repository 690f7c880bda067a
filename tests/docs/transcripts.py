"""The transcripts of docs/plugin-protocol.md: runs the plugins and writes down what was said.

python tests/docs/transcripts.py    # writes the page again
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

sys.path[0] = str(Path(__file__).resolve().parents[2])

from tests.support.ca import make_chain, pem_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = DOCS / "plugin-protocol.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PLACE = re.compile(r"(<!-- transcripts: begin -->\n).*(<!-- transcripts: end -->)", re.DOTALL)
_BYTES = re.compile(r'"[A-Za-z0-9+/=]{64,}"')


class Example(NamedTuple):
    """One run of a plugin.

    Attributes:
        text: What it shows.
        plugin: The plugin's name.
        command: The command.
        request: The request.
    """

    text: str
    plugin: str
    command: str
    request: dict[str, Any]


def _examples() -> list[Example]:
    key = {"contractVersion": "1.0", "keyId": "build.pem"}
    config = {"pluginConfig": {"certificate_chain": "chain.pem"}}
    payload = "eyJ0YXJnZXRBcnRpZmFjdCI6e319"
    signature = {"keySpec": "EC-256", "hashAlgorithm": "SHA-256", "payload": payload}
    envelope = {
        "payloadType": "application/vnd.cncf.notary.payload.v1+json",
        "signatureEnvelopeType": "application/jose+json",
        "expiryDurationInSeconds": 86400,
        "payload": payload,
    }
    to_verify: dict[str, Any] = {
        "contractVersion": "1.0",
        "signature": {
            "criticalAttributes": {
                "contentType": "application/vnd.cncf.notary.payload.v1+json",
                "signingScheme": "notary.x509",
                "verificationPlugin": "acme-approval",
                "extendedAttributes": {"example.com/ticket": "4711"},
            },
            "unprocessedAttributes": ["example.com/ticket"],
            "certificateChain": ["MIIBozCCAUmgAwIBAgIU"],
        },
        "trustPolicy": {
            "trustedIdentities": ["acme:build"],
            "signatureVerification": ["SIGNATURE_VERIFIER.TRUSTED_IDENTITY"],
        },
    }
    refused = {**to_verify, "trustPolicy": {**to_verify["trustPolicy"], "trustedIdentities": ["acme:test"]}}
    names = {"signs": "local-file", "verifies": "acme-approval"}
    examples: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
        ("What a plugin is and can do.", "signs", "get-plugin-metadata", {}),
        ("A key's spec.", "signs", "describe-key", {**key, **config, "aLaterMember": True}),
        ("A signature, and the chain of its key.", "signs", "generate-signature", {**key, **config, **signature}),
        ("A whole envelope.", "signs", "generate-envelope", {**key, **config, **envelope}),
        ("The verdicts of a verification plugin on a signature.", "verifies", "verify-signature", to_verify),
        ("A check that did not succeed is an answer, and no error.", "verifies", "verify-signature", refused),
        ("A key that is not there.", "signs", "describe-key", {**key, "keyId": "other.pem"}),
        ("A contract version of later.", "signs", "describe-key", {**key, "contractVersion": "2.0"}),
        ("A member that is missing.", "signs", "describe-key", {"contractVersion": "1.0"}),
    )
    return [Example(text, names[kind], command, request) for text, kind, command, request in examples]


def transcripts() -> str:
    """All runs, as the page shows them."""
    targets = {"local-file": "notarykit_local_file.plugin:LocalFilePlugin", "acme-approval": "approval:Approval"}
    blocks = _BLOCK.findall((DOCS / "write-a-plugin.md").read_text())
    (approval,) = (block for block in blocks if "class Approval" in block)
    parts = []
    with tempfile.TemporaryDirectory() as folder:
        chain = make_chain("EC-256", 3)
        Path(folder, "build.pem").touch(0o600)
        Path(folder, "build.pem").write_bytes(pem_of(chain.leaf_key))
        Path(folder, "chain.pem").write_bytes(chain.chain_pem)
        Path(folder, "approval.py").write_text(approval)
        for each in _examples():
            target = targets[each.plugin]
            script = f"import sys; from notarykit.plugin import executable; sys.exit(executable({target!r})())"
            done = subprocess.run(
                [sys.executable, "-c", script, each.command],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": folder},
                input=json.dumps(each.request).encode(),
                capture_output=True,
                check=False,
            )
            parts.append(_shown(each, done))
    return "\n".join(parts)


def _shown(example: Example, done: "subprocess.CompletedProcess[bytes]") -> str:
    stream = "standard error" if done.returncode else "standard output"
    answer = json.loads(done.stderr if done.returncode else done.stdout)
    return (
        f"{example.text}\n\n```text\n$ notation-{example.plugin} {example.command}\n{_json(example.request)}\n"
        f"--- {stream}, exit code {done.returncode}\n{_json(answer)}\n```\n"
    )


def _json(value: Any) -> str:
    """JSON for people: bytes that differ from one run to the next are left out."""
    return _BYTES.sub('"(base64)"', json.dumps(value, indent=2))


def written(page: str) -> str:
    """The page with the transcripts as they are now."""
    return _PLACE.sub(lambda match: match[1] + "\n" + transcripts() + "\n" + match[2], page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
