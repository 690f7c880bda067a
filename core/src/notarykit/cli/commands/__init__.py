"""The commands, one module each; a group of commands stands in one, too."""

# Each command's other names, and its line in the list of commands; its module has its name.
COMMANDS = {
    "certificate": (("cert",), "Manage certificates in the trust store"),
    "completion": ((), "Print the completion script for a shell"),
    "inspect": ((), "Inspect all signatures associated with the signed artifact"),
    "key": ((), "Manage keys used for signing"),
    "list": (("ls",), "List signatures of the signed artifact"),
    "login": ((), "Login to registry"),
    "logout": ((), "Log out from the logged in registry"),
    "plugin": ((), "Manage plugins"),
    "policy": ((), "Manage trust policy configuration for signature verification"),
    "revocation": ((), "Collect what a verification without a network needs"),
    "sign": ((), "Sign artifacts"),
    "verify": ((), "Verify artifacts"),
    "version": ((), "Show the notarykit version information"),
}
