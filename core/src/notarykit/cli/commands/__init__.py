"""Commands of the command line: one module, or one folder for a group, per command."""

# Command, which is the name of its module: aliases, and its line in the list of commands.
COMMANDS = {
    "audit": ((), "Audit the signatures of all artifacts in registries"),
    "blob": ((), "Commands for blob"),
    "bundle": ((), "Carry signatures and what their verification needs over an air gap, in one file"),
    "certificate": (("cert",), "Manage certificates in the trust store"),
    "completion": ((), "Print the completion script for a shell"),
    "inspect": ((), "Inspect all signatures associated with the signed artifact"),
    "key": ((), "Manage keys used for signing"),
    "list": (("ls",), "List signatures of the signed artifact"),
    "login": ((), "Login to registry"),
    "logout": ((), "Log out from the logged in registry"),
    "plugin": ((), "Manage plugins"),
    "policy": ((), "Manage trust policy configuration for signature verification"),
    "revocation": ((), "Collect the revocation evidence for a verification without a network"),
    "sign": ((), "Sign artifacts"),
    "verify": ((), "Verify artifacts"),
    "version": ((), "Show the notarykit version information"),
}
