"""Published plugins that are verified before they are installed: where they and their signatures come from."""

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from notarykit._internal.printable import printable
from notarykit.cli.options import Flag, Options
from notarykit.cli.references import REGISTRY_FLAGS, Target, check_scope, parse_target, repositories
from notarykit.cli.revocation_flags import FILE_FLAGS, LIMIT_FLAGS, revocation_checker
from notarykit.cli.spinner import progress
from notarykit.cli.verdict_output import VerdictOutput
from notarykit.cli.verifiers import WANTED_METADATA_FLAG, trust_stores
from notarykit.errors import ContentError, NoSignatureError, UsageError, VerificationError
from notarykit.plugin.install.source import LARGEST, PluginSource, read_source

if TYPE_CHECKING:
    from collections.abc import Iterable

    from notarykit.blob.signature_file import NamedSignature
    from notarykit.net.tls import TLSSettings
    from notarykit.verification.published_plugin import PluginDemand, VerifiedPlugin

_DOWNLOAD_SECONDS, _SIGNATURE_SECONDS = 600.0, 60.0
# An answer in place of a signature, such as a page about an error, is read this far.
_ROOM = 64 * 1024

_CA_FILE = "file of CA certificates to trust for the URL or the registry instead of the system's"
_ARTIFACT_FLAGS = (
    *(flag for flag in REGISTRY_FLAGS if flag.name != "ca-file"),
    Flag("oci-layout", "install an artifact in an OCI image layout", "switch"),
    Flag("scope", "trust policy scope of the artifact, registry/repository; required with --oci-layout"),
)
_FILE_ONLY = (
    Flag("media-type", "media type that the plugin must have been signed as (default any)"),
    Flag(
        "signature", "path of the signature (default <plugin_source>.jws.sig and <plugin_source>.cose.sig)", short="s"
    ),
    Flag("signature-url", "URL of the signature (default the plugin's with .jws.sig or .cose.sig)"),
)
_DEMANDS = (
    *FILE_FLAGS,
    *LIMIT_FLAGS,
    *_FILE_ONLY,
    WANTED_METADATA_FLAG,
)
VERIFY_FLAGS = (
    Flag("ca-file", _CA_FILE),
    *_ARTIFACT_FLAGS,
    *_DEMANDS,
    Flag(
        "verify-with",
        "name of the trust policy statement that the plugin's signature is verified under",
        names="blob-policies",
    ),
)


def check_flags(options: Options, statement: str) -> None:
    """Refuses flags that have no effect on the source that is named.

    Raises:
        UsageError: There is one.
    """
    source = next(f"--{name}" for name in ("from-package", "artifact", "url", "file") if options.given(name))
    refused = {
        "--artifact": ("sha256sum", *(flag.name for flag in _FILE_ONLY)),
        "--url": tuple(flag.name for flag in _ARTIFACT_FLAGS),
        "--file": ("signature-url", *(flag.name for flag in _ARTIFACT_FLAGS)),
    }
    for name in refused.get(source, ()):
        if name in options.written:
            raise UsageError(f"{source} cannot be combined with --{name}")
    if not statement:
        for flag in _DEMANDS:
            if flag.name in options.written:
                raise UsageError(f"--{flag.name} requires --verify-with", advice="name a trust policy statement")


def check_sum(wanted: str | None, source: PluginSource) -> None:
    """Refuses a source with another SHA256 than the user gives, if one is given.

    Raises:
        ContentError: It has another.
    """
    if wanted is None:
        return
    actual = source.digest("sha256")
    if actual != wanted.lower():
        raise ContentError(
            f"plugin SHA-256 checksum does not match the user input: expected {wanted}, it is {actual}",
            advice="do not use this file, and inform the plugin's publisher",
        )


def downloaded(options: Options) -> PluginSource:
    """Downloads the plugin that `--url` names."""
    from notarykit.net.download import download
    from notarykit.net.urls import redact_url

    url, is_text = options.arguments[0], options["output"] == "text"
    shown = printable(redact_url(url))
    if is_text:
        print(f"Downloading plugin from {shown}")
    with progress("Downloading"):
        content = download(url, LARGEST, _DOWNLOAD_SECONDS, _tls(options))
    if is_text:
        print("Download completed")
    return PluginSource.held(content, shown, os.path.basename(unquote(urlsplit(url).path)))


def _tls(options: Options) -> "TLSSettings":
    from notarykit.net.tls import TLSSettings

    return TLSSettings(ca_file=options["ca-file"] or "")


def verified(options: Options, statement: str) -> "VerifiedPlugin":
    """Returns the plugin of `--file`, `--url` or `--artifact` once its signature is verified, and prints the verdict.

    Args:
        options: Options of the command.
        statement: Name of the trust policy statement.

    Raises:
        VerificationError: The plugin is not verified.
        ConfigurationError: The trust policy or its trust stores cannot be used, or the statement is not strict enough.
        StorageError: The plugin or its signature cannot be read.
    """
    from notarykit.verification.published_plugin import PluginDemand

    media_type = options.text("media-type") or ""
    demand = PluginDemand(statement, options.pairs("user-metadata"), media_type)
    output = VerdictOutput(options, "The plugin was signed with the following user metadata:")
    try:
        found = (_verified_artifact if options["artifact"] else _verified_file)(options, demand)
    except VerificationError as error:
        subject = options.arguments[0] if not options["url"] else _shown(options.arguments[0])
        output.failed(subject, error)  # the steps, under --verbose
        if error.policy:
            under = f"trust policy {printable(error.policy)!r} at level {error.level}"
            raise error.within(f"signature verification failed for {subject} under {under}") from error
        raise
    output.accepted(found.source.name, found.signature, found.verdict, found.outcome.failures)
    return found


def _shown(url: str) -> str:
    from notarykit.net.urls import redact_url

    return redact_url(url)


def _verified_file(options: Options, demand: "PluginDemand") -> "VerifiedPlugin":
    from notarykit.config.policy import load_blob_policy
    from notarykit.verification.blob import BlobVerifier
    from notarykit.verification.published_plugin import check_blob_statement, verify_file

    verifier = BlobVerifier(load_blob_policy(), trust_stores(), revocation=revocation_checker(options))
    check_blob_statement(verifier, demand)
    try:
        signatures = _signatures(options, verifier.max_envelope_size)
    except NoSignatureError as error:
        policy = verifier.policies.applicable(demand.statement)
        raise error.under(policy.name, policy.level.name) from None
    source = downloaded(options) if options["url"] else read_source(options.arguments[0])
    check_sum(options["sha256sum"], source)
    with progress(f"Verifying {source.name}"):
        return verify_file(verifier, source, signatures, demand)


def _signatures(options: Options, largest: int) -> "Iterable[NamedSignature]":
    """Returns the signatures of a plugin that is a file."""
    from notarykit.blob.signature_file import read_signature, read_signatures

    options.exclusive("signature", "signature-url")
    if path := options.text("signature"):
        return [(path, read_signature(path, largest))]
    if options["file"]:
        return read_signatures(options.arguments[0], largest=largest)
    return _downloaded_signatures(options, largest)


def _downloaded_signatures(options: Options, largest: int) -> "list[NamedSignature]":
    """Downloads the signature that `--signature-url` names, or those beside the plugin.

    Raises:
        NoSignatureError: There is none beside the plugin.
        NetworkError: A server does not answer, or refuses.
    """
    from notarykit.blob.signature_file import DetachedSignature, detected_format, format_of, signature_path
    from notarykit.envelope.unverified import MEDIA_TYPES
    from notarykit.errors import SignatureSizeError
    from notarykit.net.download import download, download_if_present
    from notarykit.net.urls import redact_url

    tls = _tls(options)

    def signature(url: str, content: bytes) -> "NamedSignature":
        if len(content) > largest:
            return redact_url(url), SignatureSizeError(f"the signature is larger than {largest} bytes")
        media_type = format_of(os.path.basename(unquote(urlsplit(url).path))) or detected_format(content)
        return redact_url(url), DetachedSignature(media_type, content)

    if url := options.text("signature-url"):
        return [signature(url, download(url, largest + _ROOM, _SIGNATURE_SECONDS, tls))]
    parts = urlsplit(options.arguments[0])
    extensions = [signature_path("", media_type) for media_type in MEDIA_TYPES]
    urls = [parts._replace(path=f"{parts.path}{extension}").geturl() for extension in extensions]
    found = []
    for url in urls:
        content = download_if_present(url, largest + _ROOM, _SIGNATURE_SECONDS, tls)
        if content is not None:
            found.append(signature(url, content))
    if not found:
        shown = " nor ".join(map(redact_url, urls))
        raise NoSignatureError(
            f"there is no signature: neither {shown} exists", advice="name it with --signature-url or --signature"
        )
    return found


def _verified_artifact(options: Options, demand: "PluginDemand") -> "VerifiedPlugin":
    from notarykit.config.policy import load_policy
    from notarykit.verification.published_plugin import verify_artifact
    from notarykit.verification.verifier import Verifier

    check_scope(options)
    target = _target(options)
    target.warn_of_tag("verify")
    verifier = Verifier(load_policy(), trust_stores(), revocation=revocation_checker(options))
    opened = repositories(options, [target])
    try:
        with progress(f"Verifying {target.text}"):
            return verify_artifact(verifier, target.request(opened), demand, target.text)
    finally:
        opened.close()


def _target(options: Options) -> Target:
    """Returns the artifact that `--artifact` is about.

    Raises:
        UsageError: The reference is malformed.
    """
    text = options.arguments[0]
    try:
        return parse_target(text, options)
    except UsageError as error:
        if os.path.isfile(text) and not options["oci-layout"]:
            raise error.replace(advice="a file is installed with --file") from None
        raise
