"""Executable `notation-azure-keyvault`."""

import sys

from notarykit.plugin import executable

main = executable("notarykit_azure_keyvault.plugin:AzureKeyVaultPlugin")

if __name__ == "__main__":
    sys.exit(main())
