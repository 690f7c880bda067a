"""Signatures that are stored in a layout, read and spoiled without the code that is tested."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cbor2

from notarykit.envelope.attributes import ExtendedAttribute
from tests.support.ca import TestChain
from tests.support.envelopes import JWS, PLUGIN, from_url64, sign_envelope, url64
from tests.support.layouts import AnyPath, add_blob, blob_path, read_index, write_index


def signature_manifests(path: AnyPath) -> list[str]:
    """The digests of a layout's manifests that have a subject, in the order of the index."""
    digests = [str(each["digest"]) for each in read_index(path)["manifests"]]
    return [digest for digest in digests if "subject" in json.loads(blob_path(path, digest).read_bytes())]


def envelope_file(path: AnyPath, manifest: str) -> Path:
    """Where the envelope of a signature manifest is."""
    return blob_path(path, json.loads(blob_path(path, manifest).read_bytes())["layers"][0]["digest"])


def readdress(path: AnyPath, change: Callable[[bytes, str], bytes]) -> None:
    """Changes the envelope of a layout's only signature, with everything that leads to it made to fit.

    Args:
        path: The layout.
        change: Makes the new envelope out of the old one and its media type.
    """
    (digest,) = signature_manifests(path)
    manifest = json.loads(blob_path(path, digest).read_bytes())
    (layer,) = manifest["layers"]
    envelope = change(envelope_file(path, digest).read_bytes(), layer["mediaType"])
    layer |= {"digest": add_blob(path, envelope), "size": len(envelope)}
    content = json.dumps(manifest).encode()
    index = read_index(path)
    (entry,) = [each for each in index["manifests"] if each["digest"] == digest]
    entry |= {"digest": add_blob(path, content), "size": len(content)}
    write_index(path, index)


def flipped(envelope: bytes, media_type: str) -> bytes:
    """The envelope with one bit of its payload flipped."""
    if media_type == JWS:
        members = json.loads(envelope)
        members["payload"] = url64(_flip(from_url64(members["payload"])))
        return json.dumps(members).encode()
    tag = cbor2.loads(envelope)
    protected, unprotected, payload, signature = tag.value
    return cbor2.dumps(cbor2.CBORTag(tag.tag, [protected, unprotected, _flip(payload), signature]))


def _flip(payload: bytes) -> bytes:
    middle = len(payload) // 2
    return payload[:middle] + bytes([payload[middle] ^ 1]) + payload[middle + 1 :]


def damaged_blobs(path: AnyPath) -> list[str]:
    """The blobs of a layout whose content is not what their name says."""
    folder = Path(path, "blobs", "sha256")
    return [each.name for each in folder.iterdir() if hashlib.sha256(each.read_bytes()).hexdigest() != each.name]


def ask_for_plugin(path: AnyPath, chain: TestChain, plugin: str, **critical: Any) -> None:
    """Changes a layout's only signature, in JWS, so that it needs a verification plugin; its signature holds.

    Args:
        path: The layout.
        chain: Whose signature it is.
        plugin: The plugin's name.
        critical: Further critical attributes, by their names.
    """
    attributes = {PLUGIN: plugin, **critical}
    extended = tuple(ExtendedAttribute(name, value, critical=True) for name, value in attributes.items())

    def change(envelope: bytes, media_type: str) -> bytes:
        assert media_type == JWS
        return sign_envelope(chain, JWS, from_url64(json.loads(envelope)["payload"]), extended=extended)

    readdress(path, change)
