"""The reference's example of the library, run in a real registry."""

import json
import re
from pathlib import Path

import pytest

import notarykit
from servers.registry.running import Registry
from support.ca import make_chain
from support.registries import push_artifacts

_REFERENCE = Path(__file__).resolve().parents[3] / "docs" / "reference.md"
_POLICY = {
    "version": "1.0",
    "trustPolicies": [
        {
            "name": "all",
            "registryScopes": ["*"],
            "signatureVerification": {"level": "strict"},
            "trustStores": ["ca:acme"],
            "trustedIdentities": ["*"],
        }
    ],
}


def test_the_example_of_the_reference_runs(memory_registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """Every Python block of the reference runs, with a key, a policy, and an artifact in a registry."""
    chain = make_chain()
    (digest,) = push_artifacts(memory_registry.address, "hello", ["v1"])
    names: dict[str, object] = {
        "notarykit": notarykit,
        "registry": memory_registry.host,
        "digest": digest,
        "signer": notarykit.LocalSigner.from_pem(chain.key_pem, chain.chain_pem),
        "policies": notarykit.parse_policy_document(json.dumps(_POLICY).encode()),
        "store": notarykit.MemoryTrustStore({"ca:acme": [chain.pems[-1]]}),
    }
    blocks = re.findall(r"^```python\n(.*?)^```", _REFERENCE.read_text(), re.DOTALL | re.MULTILINE)
    assert blocks
    for block in blocks:
        exec(compile(block, "reference.md", "exec"), names)
    assert capsys.readouterr().out == "Verified\n"
