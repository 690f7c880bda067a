"""Objects of the API server for tests, and a reader of them."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from notarykit_admission.access.pull_secrets import PullSecretReader
from notarykit_admission.cluster.api_server import APIServerError

NAMESPACES = "/api/v1/namespaces"


def secret(logins: Mapping[str, str], kind: str = "kubernetes.io/dockerconfigjson", **data: str) -> dict[str, Any]:
    """Returns a pull secret with user names by keys; the password is the user name with an exclamation mark."""
    auths = {key: {"auth": base64.b64encode(f"{name}:{name}!".encode()).decode()} for key, name in logins.items()}
    if kind.endswith("dockerconfigjson"):
        data = {".dockerconfigjson": json.dumps({"auths": auths}), **data}
    if kind.endswith("dockercfg"):
        data = {".dockercfg": json.dumps(auths), **data}
    encoded = {name: base64.b64encode(value.encode()).decode() for name, value in data.items()}
    return {"kind": "Secret", "metadata": {"name": "any"}, "type": kind, "data": encoded}


def account(*names: str) -> dict[str, Any]:
    """Returns a service account with pull secrets."""
    return {
        "kind": "ServiceAccount",
        "imagePullSecrets": [{"name": name} for name in names],
        "secrets": [{"name": "t"}],
    }


class Objects:
    """Objects by path, such as `shop/secrets/registry`; what is an exception is raised.

    Attributes:
        stored: The objects.
        read: Paths that were read, in their order.
        go: Set while reading comes to an end.
    """

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.stored = dict(stored)
        self.read: list[str] = []
        self.go = asyncio.Event()
        self.go.set()

    async def get(self, path: str) -> bytes | None:
        """Returns an object."""
        name = path.removeprefix(f"{NAMESPACES}/")
        self.read.append(name)
        await self.go.wait()
        found = self.stored.get(name)
        if isinstance(found, APIServerError):
            raise found
        return found if found is None or isinstance(found, bytes) else json.dumps(found).encode()


def reading(stored: Mapping[str, Any], test: Callable[[PullSecretReader, Objects], Awaitable[None]]) -> None:
    """Runs a test with a reader of objects."""

    async def main() -> None:
        objects = Objects(stored)
        reader = PullSecretReader(objects.get)
        async with asyncio.timeout(60):
            await test(reader, objects)
            await reader.close()

    asyncio.run(main())
