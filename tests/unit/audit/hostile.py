"""Registry that says whatever a test wants, in any repository."""

import json
from typing import Any

from notarykit.envelope.descriptor import digest_of
from notarykit.oci.manifest import IMAGE_INDEX, IMAGE_MANIFEST
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen


class HostileRegistry(RecordingServer):
    """Registry of nothing but what a test puts there.

    Attributes:
        at: Answers, by what follows `/v2/` in the target, or in the path.
    """

    def __init__(self) -> None:
        """Has nothing."""
        super().__init__()
        self.at: dict[str, Reply] = {}
        self._repositories: list[str] = []
        self._tags: dict[str, list[str]] = {}

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Gives what is there."""
        target = seen.target.removeprefix("/v2/")
        connection.reply(self.at.get(target) or self.at.get(target.partition("?")[0]) or Reply(404))

    def add_repository(self, name: str) -> None:
        """Lists a repository in the catalogue."""
        self._repositories.append(name)
        self.at["_catalog"] = _json({"repositories": self._repositories})

    def add(self, name: str, tag: str = "", media_type: str = IMAGE_MANIFEST, **members: Any) -> dict[str, Any]:
        """Adds a manifest to a repository, with a tag or without, and returns its descriptor."""
        content = json.dumps({"schemaVersion": 2, "mediaType": media_type, **members}).encode()
        digest = digest_of(content)
        self.at[f"{name}/manifests/{digest}"] = Reply(200, (("Content-Type", media_type),), content)
        self._tags.setdefault(name, [])
        if tag:
            self.at[f"{name}/manifests/{tag}"] = self.at[f"{name}/manifests/{digest}"]
            self._tags[name].append(tag)
        self.at[f"{name}/tags/list"] = _json({"name": name, "tags": self._tags[name]})
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def add_index(self, name: str, tag: str, *entries: dict[str, Any], **members: Any) -> dict[str, Any]:
        """Adds an image index."""
        return self.add(name, tag, IMAGE_INDEX, manifests=list(entries), **members)

    def add_tag(self, name: str, tag: str) -> None:
        """Lists a tag that leads to nothing."""
        self._tags.setdefault(name, []).append(tag)
        self.at[f"{name}/tags/list"] = _json({"name": name, "tags": self._tags[name]})


def _json(members: dict[str, Any]) -> Reply:
    return Reply(200, (("Content-Type", "application/json"),), json.dumps(members).encode())
