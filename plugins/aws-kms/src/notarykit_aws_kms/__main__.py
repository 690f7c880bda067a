"""Executable `notation-aws-kms`."""

import sys

from notarykit.plugin import executable

main = executable("notarykit_aws_kms.plugin:AWSKMSPlugin")

if __name__ == "__main__":
    sys.exit(main())
