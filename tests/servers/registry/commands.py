"""Signing and verifying from the command line with a registry that speaks TLS."""

import ssl

from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import NAME, error_of, run
from tests.support.homes import Home
from tests.support.registries import push_artifacts

FAR = "registry.test"  # a name that nobody has (RFC 6761)
NOT_TRUSTED = "its certificate is not trusted: "


def pushed(registry: Registry, name: str = "localhost") -> str:
    """Pushes an artifact and returns its reference, under a name of the registry's host."""
    context = None
    if registry.ca_file is not None:
        context = ssl.create_default_context(cafile=registry.ca_file)
        if registry.client is not None:
            context.load_cert_chain(*registry.client)
    (digest,) = push_artifacts(registry.address, NAME, ["v1"], context)
    return f"{name}:{registry.port}/{NAME}@{digest}" if name != FAR else f"{FAR}/{NAME}@{digest}"


def signs_and_verifies(home: Home, reference: str, *flags: str, **variables: str) -> None:
    """Signs an artifact and verifies it."""
    for command in ("sign", "verify"):
        done = run(home, command, *flags, reference, **variables)
        assert (done.returncode, done.stderr) == (0, ""), command
    assert done.stdout == f"Successfully verified signature for {reference}\n"


def refused(home: Home, code: int, reference: str, *flags: str, **variables: str) -> str:
    """Signs and verifies, both of which fail, and returns the error line of the second."""
    error_of(run(home, "sign", *flags, reference, **variables), code)
    return error_of(run(home, "verify", *flags, reference, **variables), code)
