"""`notarykit policy`: init, import, show."""

import json
import os
import sys

from notarykit._internal import files
from notarykit._internal.printable import printable
from notarykit.cli.options import Arguments, Command, Flag, Group, Options
from notarykit.cli.output import confirmed
from notarykit.config.policy import ARTIFACT_POLICY
from notarykit.errors import StorageError, TrustPolicyError, UsageError
from notarykit.trust.parsing import LARGEST_POLICY, parse_policy_document


def _init(options: Options) -> int:
    options.required("name", "trust-store", "trusted-identity")
    statement = {
        "name": options["name"],
        "registryScopes": options["scope"] or ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": options["trust-store"],
        "trustedIdentities": options["trusted-identity"],
    }
    content = json.dumps({"version": "1.0", "trustPolicies": [statement]}, indent=4).encode("ascii") + b"\n"
    try:
        parse_policy_document(content, "the new trust policy")
    except TrustPolicyError as error:
        raise UsageError(error.message) from None
    if _write(content, options):
        print(f"Successfully initialized trust policy file to {ARTIFACT_POLICY.new_path()}.")
    return 0


def _import(options: Options) -> int:
    path = options.arguments[0]
    try:
        content = files.read(path, LARGEST_POLICY)
    except FileNotFoundError:
        raise UsageError(f"failed to read trust policy file: {path} does not exist") from None
    except StorageError as error:
        raise UsageError(f"failed to read trust policy file: {error.message}") from None
    parse_policy_document(content, path)
    if _write(content, options):
        print("Trust policy configuration imported successfully.")
    return 0


def _write(content: bytes, options: Options) -> bool:
    """Writes the policy, after a confirmation if one exists; returns False if the user declined."""
    path = ARTIFACT_POLICY.new_path()
    if ARTIFACT_POLICY.path() is not None:
        if options["force"]:
            print("Warning: existing trust policy configuration file will be overwritten", file=sys.stderr)
        elif not confirmed("The trust policy file already exists, do you want to overwrite it?", "force"):
            print("The trust policy was not changed.", file=sys.stderr)
            return False
    with files.locked(os.path.dirname(path)):
        files.write(path, content, 0o600)
    return True


def _show(_: Options) -> int:
    path, content = ARTIFACT_POLICY.read()
    if sys.stdout.isatty():
        for line in content.decode("utf-8", "backslashreplace").splitlines():
            print(printable(line))
    else:  # byte by byte, so that it can be imported again
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    parse_policy_document(content, f"trust policy {path}")
    return 0


_FORCE = Flag("force", "override the existing trust policy configuration, never prompt", "switch")

COMMAND = Group(
    "Manage trust policy configuration for signature verification.",
    {
        "import": Command(
            "[flags] <file_path>",
            "Import trust policy configuration from a JSON file",
            _import,
            (_FORCE,),
            arguments=Arguments(1, 1, "missing trust policy file"),
        ),
        "init": Command(
            '[flags] --name <policy_name> --trust-store "<store_type>:<store_name>" --trusted-identity "<identity>"',
            "Write a trust policy with one strict statement",
            _init,
            (
                _FORCE,
                Flag("name", "name of the statement", short="n"),
                Flag("scope", "repository that it applies to, registry/repository (default all)", "texts"),
                Flag("trust-store", 'trust store in the form "<store_type>:<store_name>"', "texts"),
                Flag("trusted-identity", '"*", or "x509.subject: C=…, ST=…, O=…"', "texts"),
            ),
            examples=(
                (
                    "Trust all signers of a CA",
                    'notarykit policy init --name all --trust-store ca:acme --trusted-identity "*"',
                ),
            ),
        ),
        "show": Command("[flags]", "Show trust policy configuration", _show),
    },
)
