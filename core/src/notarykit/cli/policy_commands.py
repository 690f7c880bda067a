"""`init`, `import` and `show` of a trust policy file, which `policy` and `blob policy` have in common."""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from notarykit._internal import files, locks
from notarykit._internal.printable import printable
from notarykit.cli.options import Arguments, Command, Flag, Group, Options
from notarykit.cli.output import confirmed
from notarykit.cli.policies.source import read
from notarykit.config.policy import PolicyFile
from notarykit.errors import TrustPolicyError, UsageError
from notarykit.trust.policy import VERSION


class PolicyCommands(NamedTuple):
    """What the commands for a kind of trust policy file differ in.

    Attributes:
        file: The file.
        short: Summary of the group.
        configuration: What the help calls the file's content.
        warning: What the warning calls a file that is overwritten.
        question: Question before a file is overwritten.
        imported: Message after an import; `{}` is the path.
        flags: Flags of `init` that say where the statement applies.
        scope: Returns the members of the new statement that say so.
        examples: Examples of `init`.
        others: Further commands of the group.
    """

    file: PolicyFile[Any]
    short: str
    configuration: str
    warning: str
    question: str
    imported: str
    flags: tuple[Flag, ...]
    scope: Callable[[Options], dict[str, Any]]
    examples: tuple[tuple[str, str], ...]
    others: Mapping[str, Command] = {}

    def group(self) -> Group:
        """Returns the group of the commands."""
        force = Flag("force", f"override the existing {self.configuration}, never prompt", "switch")
        usage = '--name <policy_name> --trust-store "<store_type>:<store_name>" --trusted-identity "<identity>"'
        return Group(
            self.short,
            {
                "import": Command(
                    "[flags] <file_path>",
                    f"Import {self.configuration} from a JSON file",
                    partial(_import, self),
                    (force,),
                    arguments=Arguments(1, 1, "missing trust policy file"),
                ),
                "init": Command(
                    f"[flags] {usage}",
                    f"Write a {self.file.kind} with one strict statement",
                    partial(_init, self),
                    (
                        force,
                        Flag("name", "name of the statement", short="n"),
                        Flag("trust-store", 'trust store in the form "<store_type>:<store_name>"', "texts"),
                        Flag("trusted-identity", '"*", or "x509.subject: C=…, ST=…, O=…"', "texts"),
                        *self.flags,
                    ),
                    examples=self.examples,
                ),
                "show": Command("[flags]", f"Show {self.configuration}", partial(_show, self)),
                **self.others,
            },
        )


def _init(commands: PolicyCommands, options: Options) -> int:
    options.required("name", "trust-store", "trusted-identity")
    statement = {
        "name": options["name"],
        **commands.scope(options),
        "signatureVerification": {"level": "strict"},
        "trustStores": options["trust-store"],
        "trustedIdentities": options["trusted-identity"],
    }
    version = options.values.get("document-version", VERSION)
    content = json.dumps({"version": version, "trustPolicies": [statement]}, indent=4).encode("ascii") + b"\n"
    try:
        document = commands.file.parse(content, f"the new {commands.file.kind}")
    except TrustPolicyError as error:
        raise UsageError(error.message) from None
    if path := _write(commands, content, options):
        _note_of_version(document)
        print(f"Successfully initialized {commands.file.kind} file to {path}.")
    return 0


def _import(commands: PolicyCommands, options: Options) -> int:
    _, content, document = read(commands.file, options.arguments[0])
    if place := _write(commands, content, options):
        _note_of_version(document)
        print(commands.imported.format(place))
    return 0


def _note_of_version(document: Any) -> None:
    """Tells that notation, which reads the same file, refuses it."""
    version = getattr(document, "version", VERSION)  # documents for blobs have one alone
    if version != VERSION:
        text = f"notation, which reads the same file, refuses the version {version}: see 'notarykit policy export'"
        print(f"Note: {text}", file=sys.stderr)


def _write(commands: PolicyCommands, content: bytes, options: Options) -> str:
    """Writes the policy, after a confirmation if one exists; returns its path, or "" if the user declined."""
    present = commands.file.path()
    if present is not None:
        if options["force"]:
            print(f"Warning: existing {commands.warning} will be overwritten", file=sys.stderr)
        elif not confirmed(commands.question, "force"):
            print(f"The {commands.file.kind} was not changed.", file=sys.stderr)
            return ""
    path = present or commands.file.new_path()
    with locks.locked(os.path.dirname(path)):
        files.write(path, content, 0o600)
    return path


def _show(commands: PolicyCommands, _: Options) -> int:
    path, content = commands.file.read()
    if sys.stdout.isatty():
        for line in content.decode("utf-8", "backslashreplace").splitlines():
            print(printable(line))
    else:  # byte by byte, so that it can be imported again
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    commands.file.check(path, content)
    return 0
