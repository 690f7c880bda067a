"""Nothing fails where something is missing: each requirement of the tests is hidden in turn, and its users run.

`python tests/requirements/hidden.py [NAME ...]`, as root. Tests that can do without what is hidden pass; the others are
skipped with the way to get it, and at least one is.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.requirements.hiding import without
from tests.support.requirements import REQUIREMENTS, how, missing

_TESTS = Path(__file__).parents[1]

_TOKENS = ("servers/pkcs11/test_tokens.py::test_token_has_keys_and_certificates",)
_TPM = (
    "servers/pkcs11/test_tokens.py::test_one_token_lists_no_pss",
    "servers/pkcs11/test_tokens.py::test_wrong_pin_is_rejected",
)
_CARDS = (
    "servers/piv/test_card.py::test_modules_list_four_keys",
    "servers/piv/test_card.py::test_readers_end_with_their_context",
    "servers/piv/test_interaction.py::test_slot_9e_signs_without_a_pin",
)
_AUTHORITIES = ("servers/timestamp/test_harness.py::test_concurrent_clients_get_their_own_tokens",)
_DISKS = ("faults/test_full_disk.py::test_full_disk_keeps_partial_certificates_out",)
_IMAGE = ("image/test_build.py::test_program_serves", "image/test_dockerfile.py")
_TRIAL = ("servers/pkcs11/test_walk_through.py",)
_GUIDE = ("docs/test_documents.py::test_plugin_tutorial_runs",)
_GO = (
    *_AUTHORITIES,
    "interop/test_certificates.py::test_both_sides_trust_an_attached_chain",
    "interop/test_go_plugins_installed.py",
    "servers/aws/test_hosts.py",
    "servers/azure/test_hosts.py",
    "servers/pkcs11/test_hosts.py",
    "servers/registry/test_many_signers.py",
    "servers/vault/test_threads.py",
    "template/test_template.py::test_it_signs_in_go",
)
_OPENSSL = (
    *_AUTHORITIES,
    *_GUIDE,
    "cli/test_certificate_issue.py",
    "cli/test_timestamps.py",
    "docs/test_admission.py",
    "docs/test_blobs.py",
    "docs/test_timestamps_and_revocation.py",
    "interop/test_peer_timestamps.py",
    "servers/revocation/test_harness.py",
    "servers/timestamp/test_makers.py",
    "unit/config/test_trust_store.py",
    "unit/keys/test_issue.py",
    "unit/keys/test_lookalikes.py",
)
USERS: dict[str, Sequence[str]] = {
    "bash": ("cli/test_help.py", "docs", *_TRIAL),
    "cargo": _TOKENS,
    "chromium": ("audit/test_page.py",),
    "clang": _TOKENS,
    "curl": ("docs/test_admission.py",),
    "dbus": _TPM,
    "docker-registry": ("servers/registry/test_many_signers.py",),
    "etcd-server": ("servers/kubernetes/test_cluster.py",),
    "gcc": (*_TOKENS, "servers/pkcs11/test_lookup.py::test_crashing_module_is_reported_by_the_host"),
    "git": (*_GUIDE, "unit/oci/test_archive_readers.py"),
    "go": _GO,
    "go 1.25": (*_GO, *_IMAGE),
    "go 1.26": ("charts/test_webhooks.py", "servers/kubernetes/test_cluster.py"),
    "iproute2": _CARDS,
    "jq": ("servers/registry/audits/test_documents.py",),
    "kubernetes-client": ("servers/kubernetes/test_chart_certificates.py::test_certificate_of_ones_own",),
    "libclang-dev": _TOKENS,
    "libnss3": _TOKENS,
    "libnss3-tools": _TOKENS,
    "libsqlite3-dev": _TOKENS,
    "libtpm2-pkcs11-1": _TPM,
    "libtpm2-pkcs11-tools": _TPM,
    "libtss2-tcti-swtpm0": _TPM,
    "libtss2-tcti-tabrmd0": _TPM,
    "mount": (*_CARDS, *_DISKS, *_IMAGE),
    "npm": ("audit/test_page_accessibility.py",),
    "opencryptoki": _TOKENS,
    "opensc": (*_TOKENS, *_TPM, *_CARDS, *_TRIAL),
    "opensc-pkcs11": _CARDS,
    "openssl": _OPENSSL,
    "p11-kit-modules": (*_TOKENS, "servers/pkcs11/test_lookup.py::test_p11_kit_is_the_default_module"),
    "pcscd": _CARDS,
    "pinentry-curses": ("servers/pkcs11/test_pins.py",),
    "pkg-config": _TOKENS,
    "prometheus": ("servers/prometheus",),
    "skopeo": ("interop/test_bundles.py::test_skopeo_copies_out_of_a_bundle",),
    "softhsm2": (*_TOKENS, *_TPM, *_TRIAL, "servers/pkcs11/test_hosts.py"),
    "swtpm": _TPM,
    "tar": ("unit/oci/test_archive_readers.py",),
    "tpm2-abrmd": _TPM,
    "tpm2-tools": _TPM,
    "util-linux": (*_AUTHORITIES, *_CARDS, *_DISKS, *_IMAGE, *_TPM, "servers/registry/test_many_signers.py"),
    "vsmartcard-vpcd": _CARDS,
    "ykcs11": _CARDS,
}
"""Tests that use each requirement, and some beside them that can do without."""
_BUILDERS = ("cargo", "clang", "gcc", "go", "go 1.25", "go 1.26", "libclang-dev", "libsqlite3-dev", "npm", "pkg-config")
"""What is used to build servers: where these are in the cache, nobody misses it."""


def run(name: str) -> str:
    """Hide a requirement, run its users, and return what went wrong; empty where nothing did."""
    tests = [
        sys.executable,
        "-m",
        "pytest",
        "--quiet",
        "--numprocesses=2",
        *(str(_TESTS / each) for each in USERS[name]),
    ]
    environment = {each: value for each, value in os.environ.items() if each != "NOTARYKIT_NO_SKIP"}
    environment["NOTARYKIT_ALL"] = "1"
    with tempfile.TemporaryDirectory() as empty:
        if name in _BUILDERS:
            environment["NOTARYKIT_CACHE"] = empty
        command = without([name], tests)
        done = subprocess.run(command, cwd=_TESTS.parent, env=environment, capture_output=True, text=True, check=False)
    print(f"without {name}: {done.stdout.rstrip().splitlines()[-1]}", flush=True)
    if done.returncode:
        return f"without {name}:\n{done.stdout}{done.stderr}"
    return "" if f"needs {name} ({how(name)})" in done.stdout else f"nobody misses {name}:\n{done.stdout}"


def main(*names: str) -> int:
    """Hide each of the named requirements, or each that is here; the exit code."""
    chosen = names or tuple(name for name in REQUIREMENTS if not missing(name))
    problems = [problem for problem in map(run, chosen) if problem]
    print("\n".join(problems) or f"{len(chosen)} requirements were hidden in turn, and nothing failed")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
