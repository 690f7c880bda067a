"""The plugin as an executable, `notation-azure-keyvault`."""

import sys

from notarykit.plugin.server.stdio import run


def main() -> int:
    """Answers the command that the arguments name; nothing of the plugin is imported before."""
    return run("notarykit_azure_keyvault.plugin:AzureKeyVaultPlugin")


if __name__ == "__main__":
    sys.exit(main())
