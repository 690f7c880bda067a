"""The plugin as an executable, `notation-aws-kms`."""

import sys

from notarykit.plugin.server.stdio import run


def main() -> int:
    """Answers the command that the arguments name; nothing of the plugin is imported before."""
    return run("notarykit_aws_kms.plugin:AWSKMSPlugin")


if __name__ == "__main__":
    sys.exit(main())
