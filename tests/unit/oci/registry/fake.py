"""A registry that has what a test puts there, and nothing more."""

import json
from typing import Any

from notarykit.envelope.descriptor import Descriptor, digest_of
from notarykit.oci.manifest import EMPTY_CONFIG_DIGEST, EMPTY_TYPE, IMAGE_INDEX, IMAGE_MANIFEST, SIGNATURE_TYPE
from tests.servers.registry.http_server import Connection, RecordingServer, Reply, Seen

SUBJECT = Descriptor(IMAGE_MANIFEST, "sha256:" + "ab" * 32, 100)
TAG = "sha256-" + "ab" * 32


class FakeRegistry(RecordingServer):
    """A registry of nothing but what a test puts at its paths.

    Attributes:
        at: The answers, by what follows the repository in the path.
    """

    def __init__(self) -> None:
        """Has nothing."""
        super().__init__()
        self.at: dict[str, Reply] = {}

    def answer(self, seen: Seen, connection: Connection) -> None:
        """Gives what is there, and takes what is put."""
        path = seen.target.removeprefix("/v2/a/b/")
        if seen.method == "PUT":
            self.at[path] = Reply(200, (("Content-Type", seen.headers["Content-Type"]),), seen.body)
            connection.reply(Reply(201))
        else:
            connection.reply(self.at.get(path) or self.at.get(path.partition("?")[0]) or Reply(404))

    def index(self, path: str, *entries: dict[str, Any], link: str = "", **more: Any) -> None:
        """Puts an index at a path."""
        document = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": list(entries), **more}
        headers = [("Content-Type", IMAGE_INDEX), *([("Link", link)] if link else [])]
        self.at[path] = Reply(200, tuple(headers), json.dumps(document).encode())

    def manifest(self, **members: Any) -> dict[str, Any]:
        """Puts a manifest there and returns its entry without a type."""
        content = json.dumps({"mediaType": IMAGE_MANIFEST, **members}).encode()
        self.at[f"manifests/{digest_of(content)}"] = Reply(200, (("Content-Type", IMAGE_MANIFEST),), content)
        return entry(digest_of(content), "", len(content))

    def signature(self, layer: dict[str, Any]) -> dict[str, Any]:
        """Puts the manifest of a signature of the subject there, and returns its entry without a type."""
        config = {"mediaType": EMPTY_TYPE, "digest": EMPTY_CONFIG_DIGEST, "size": 2}
        members = {"artifactType": SIGNATURE_TYPE, "subject": SUBJECT.to_json(), "config": config}
        return self.manifest(**members, layers=[layer])


def entry(digest: int | str, artifact_type: str = SIGNATURE_TYPE, size: int = 2) -> dict[str, Any]:
    """An entry of an index."""
    name = digest if isinstance(digest, str) else f"sha256:{digest:064x}"
    return {"mediaType": IMAGE_MANIFEST, "digest": name, "size": size, "artifactType": artifact_type}


def digests_of(*numbers: int) -> list[str]:
    """The digests of entries that were made with numbers."""
    return [f"sha256:{number:064x}" for number in numbers]


API = f"referrers/{SUBJECT.digest}"
