"""Executable `notation-hashicorp-vault`."""

import sys

from notarykit.plugin import executable

main = executable("notarykit_hashicorp_vault.plugin:HashiCorpVaultPlugin")

if __name__ == "__main__":
    sys.exit(main())
