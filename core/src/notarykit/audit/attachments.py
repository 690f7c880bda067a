"""Tags that stand for what is attached to another artifact, and for no artifact of their own.

A tag alone does not tell, since everyone with push access chooses tags: the content has to have the form, too.
"""

import re

from notarykit._internal.strict_json import DocumentError, Members
from notarykit.oci.manifest import is_signature_manifest

# distribution-spec 1.1, "Referrers Tag Schema"; cosign's SIGNATURE_SPEC.md and its attestations add a suffix.
_ATTACHED = re.compile(r"(sha256|sha384|sha512)-[0-9a-f]{64}(\.(?:sig|att))?")
_COSIGN_LAYERS = {
    ".sig": "application/vnd.dev.cosign.simplesigning.v1+json",
    ".att": "application/vnd.dsse.envelope.v1+json",
}


def is_attachment(tag: str, manifest: Members) -> bool:
    """Returns True for a referrers index, a signature of cosign under its tag, or a tagged signature manifest."""
    if "subject" in manifest and is_signature_manifest(manifest):
        return True
    match = _ATTACHED.fullmatch(tag)
    if match is None:
        return False
    try:
        if match[2] is None:
            return all(map(_is_referrer, _objects(manifest, "manifests")))
        wanted = _COSIGN_LAYERS[match[2]]
        return all(layer.text("mediaType") == wanted for layer in _objects(manifest, "layers"))
    except DocumentError:
        return False


def _is_referrer(entry: Members) -> bool:
    """Returns True for an entry with an artifact type and no platform, as referrers are listed."""
    return bool(entry.text("artifactType", "")) and "platform" not in entry


def _objects(manifest: Members, name: str) -> list[Members]:
    """Returns the objects of an array that must be there, empty or not."""
    return [type(manifest)(item, name) for item in manifest.array(name)]
