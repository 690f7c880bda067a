"""Ratify, the peer of the admission program: its settings, and its program out of the Go module proxy."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

from tests.interop.go_build import Module
from tests.servers.registry.certificates import KeyPair
from tests.support.go_programs import GoProgram

RATIFY = GoProgram(
    "ratify",
    Module("github.com/ratify-project/ratify", "v1.4.6", "h1:LzymfDpWQeGr7rrO7WL44WG0KS/boOUr0bB/WuvfDxc="),
    "cmd/ratify",
)
_NOTATION = "application/vnd.cncf.notary.signature"


class Settings(NamedTuple):
    """Files of a Ratify.

    Attributes:
        config: Its configuration.
        certificates: Folder of its own certificate and key.
    """

    config: Path
    certificates: Path


def write_settings(folder: Path, root: bytes, server: KeyPair) -> Settings:
    """Writes settings that verify as the tests' usual trust policy does, with plain HTTP to the registry.

    Args:
        folder: Folder for the files, which is made.
        root: Certificate that is trusted, in PEM.
        server: Its certificate for TLS.
    """
    certificates = folder / "certificates"
    certificates.mkdir(parents=True)
    shutil.copy(server.certificate, certificates / "tls.crt")
    shutil.copy(server.key, certificates / "tls.key")
    root_file = folder / "root.crt"
    root_file.write_bytes(root)
    policy = {
        "name": "default",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:certs"],
        "trustedIdentities": ["*"],
    }
    verifier = {
        "name": "notation",
        "artifactTypes": _NOTATION,
        "verificationCerts": [str(root_file)],
        "trustPolicyDoc": {"version": "1.0", "trustPolicies": [policy]},
    }
    document = {
        "store": {"version": "1.0.0", "plugins": [{"name": "oras", "useHttp": True}]},
        "policy": {
            "version": "1.0.0",
            "plugin": {"name": "configPolicy", "artifactVerificationPolicies": {_NOTATION: "any"}},
        },
        "verifier": {"version": "1.0.0", "plugins": [verifier]},
    }
    config = folder / "config.json"
    config.write_text(json.dumps(document))
    return Settings(config, certificates)
