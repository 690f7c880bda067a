"""Trial of a plugin: its metadata, its key and one signature, by the protocol's commands."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from notarykit._internal.rfc3339 import format_rfc3339, utc_now
from notarykit.envelope.descriptor import Descriptor
from notarykit.envelope.integrity import check_integrity
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.payload import make_payload
from notarykit.envelope.unverified import JWS
from notarykit.errors import NotarykitError
from notarykit.keys.certificate import subject_of
from notarykit.keys.chain import Chain, check_chain
from notarykit.plugin.diagnosis import FAILED, OK, WARNING, Finding
from notarykit.plugin.host.metadata import read_metadata
from notarykit.plugin.host.signer import PluginEnvelopeSigner, PluginSigner, SigningPlugin, plugin_signer
from notarykit.plugin.protocol.fields import Capability
from notarykit.plugin.protocol.metadata import Metadata

# What is signed can be taken for no envelope's content, nor for an artifact that there is.
_TRIAL = b"notarykit plugin doctor: a trial that signs nothing\n"
_NO_ARTIFACT = Descriptor("application/vnd.notarykit.trial", f"sha256:{sha256(_TRIAL).hexdigest()}", len(_TRIAL), {})

_SIGNING = (Capability.RAW, Capability.ENVELOPE, Capability.ENVELOPE_FOR_BLOB)
_SOON = timedelta(days=30)


def walk(plugin: SigningPlugin, key_id: str | None, config: Mapping[str, str]) -> Iterator[Finding]:
    """Yields findings about the plugin's metadata, its key, one trial signature and the chain; a failure is the last.

    Args:
        plugin: The plugin.
        key_id: The key to sign with; without one no signature is tried.
        config: Settings for the plugin.
    """
    try:
        metadata = read_metadata(plugin, config)
    except NotarykitError as error:
        yield Finding.of_error("metadata", error)
        return
    capabilities = ", ".join(metadata.capabilities)
    yield Finding("metadata", OK, f"{metadata.name} {metadata.version}: {capabilities}")
    if not set(metadata.capabilities) & set(_SIGNING):
        yield Finding("key", OK, "the plugin does not sign")
    elif not key_id:
        yield Finding("key", WARNING, "no key was named, no signature was made", "name one with --key or --key-id")
    else:
        yield from _sign(metadata, plugin, key_id, config)


def _sign(metadata: Metadata, plugin: SigningPlugin, key_id: str, config: Mapping[str, str]) -> Iterator[Finding]:
    step = "key"
    try:
        signer = plugin_signer(plugin, key_id, config, metadata=metadata)
        if isinstance(signer, PluginSigner):
            yield Finding(step, OK, f"{key_id}: {signer.key_spec().name}")
        step = "signature"
        chain = _chain(signer)
    except NotarykitError as error:
        yield Finding.of_error(step, error)
        return
    yield Finding(step, OK, "a trial signature is valid under the certificate's key")
    yield _of_chain(chain, utc_now())


def _chain(signer: PluginSigner | PluginEnvelopeSigner) -> Chain:
    """Returns the chain of a trial signature, after verifying it."""
    if isinstance(signer, PluginSigner):
        return check_chain(signer.sign(_TRIAL)[1])
    answer = signer.sign_payload(make_payload(_NO_ARTIFACT, {}), JWS, None)
    return check_integrity(parse_envelope(answer.envelope, JWS)).chain


def _of_chain(chain: Chain, now: datetime) -> Finding:
    """Returns the finding about the validity period of the chain's certificates."""
    if problem := chain.outside_validity(now):
        return Finding("certificates", FAILED, problem, "sign with a certificate that is valid now")
    subjects = " < ".join(map(subject_of, chain.certificates))
    end = min(each.not_valid_after_utc for each in chain.certificates)
    found = f"{subjects}; valid until {format_rfc3339(end)}"
    if end - now < _SOON:
        return Finding("certificates", WARNING, found, "have the certificate renewed")
    return Finding("certificates", OK, found)
