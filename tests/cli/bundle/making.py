"""The command line that makes a bundle of the layout's artifact."""

from tests.support.homes import SCOPE

CREATE = ("bundle", "create", "--oci-layout", "--scope", SCOPE)
FILE = "hello.tar"
