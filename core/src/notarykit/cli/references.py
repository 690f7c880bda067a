"""Artifacts that the arguments of a command refer to."""

import sys
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from notarykit.cli.options import Flag, Options
from notarykit.cli.output import printable
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import UsageError
from notarykit.oci.reference import is_repository, parse_layout_reference, parse_reference
from notarykit.oci.repository import Repository

REGISTRY_FLAGS = (
    Flag("insecure-registry", "use HTTP while connecting to registries; for tests only", "switch"),
    Flag("password", "password for registry operations (default to $NOTATION_PASSWORD if not specified)", short="p"),
    Flag("username", "username for registry operations (default to $NOTATION_USERNAME if not specified)", short="u"),
    Flag("ca-file", "file of CA certificates to trust for registries instead of the system's"),
    Flag("cert-file", "client certificate for registries"),
    Flag("key-file", "private key of the client certificate, if in a separate file"),
    Flag("timeout", "time limit of a registry for one artifact, such as 30s or 2m", "duration", default=120),
    Flag("allow-referrers-api", "deprecated in favor of --force-referrers-tag of sign", "switch", hidden=True),
)
_TAG_WARNING = (
    "Warning: Always {verb} the artifact using digest(@sha256:...) rather than a tag(:{tag}) because {reason}"
)
_BEFORE_SIGNING = "tags are mutable and a tag reference can point to a different artifact than the one signed."
_AFTER_SIGNING = "resolved digest may not point to the same signed artifact, as tags are mutable."


class Target(NamedTuple):
    """An artifact that a command is about.

    Attributes:
        text: The argument as it was given.
        place: What stands before the tag or the digest: a layout's path, or `registry/repository`.
        tag: The tag, or an empty string.
        digest: The digest, or an empty string.
        open: Opens the place.
        scope: `registry/repository`, or an empty string for a layout.
    """

    text: str
    place: str
    tag: str
    digest: str
    open: Callable[[], Repository]
    scope: str = ""

    @property
    def tag_or_digest(self) -> str:
        """By what the artifact is found there."""
        return self.digest or self.tag

    def resolved(self, artifact: Descriptor) -> str:
        """The reference with the artifact's digest."""
        return f"{self.place}@{artifact.digest}"

    def warn_of_tag(self, verb: str) -> None:
        """Warns that a tag is mutable."""
        if self.tag:
            reason = _BEFORE_SIGNING if verb == "sign" else _AFTER_SIGNING
            print(_TAG_WARNING.format(verb=verb, tag=printable(self.tag), reason=reason), file=sys.stderr)


def targets(options: Options) -> list[Target]:
    """Returns the artifacts of all arguments; artifacts in one registry share connections and tokens.

    Raises:
        UsageError: An argument is malformed.
        ConfigurationError: The settings for registries are malformed.
    """
    _warn_of_old_flag(options)
    if options["oci-layout"]:
        return [_in_layout(text) for text in options.arguments]
    references = [parse_reference(text) for text in options.arguments]
    from notarykit.cli.registries import registries

    opened = registries(references, options)
    return [
        Target(
            text,
            reference.repository,
            reference.tag,
            reference.digest,
            partial(opened.repository, reference),
            reference.repository,
        )
        for text, reference in zip(options.arguments, references, strict=True)
    ]


def _warn_of_old_flag(options: Options) -> None:
    if "allow-referrers-api" not in options.written:
        return
    instead = f"; use --force-referrers-tag={str(not options['allow-referrers-api']).lower()}"
    has_other = "force-referrers-tag" in options.values
    text = f"deprecated{instead}" if has_other else "deprecated and has no effect on reading"
    print(f"Warning: the flag --allow-referrers-api is {text}", file=sys.stderr)


def scope_of(options: Options) -> str:
    """Returns the scope that selects the trust policy of artifacts in a layout; empty for registries.

    Raises:
        UsageError: It is missing for a layout, given for a registry, or malformed.
    """
    scope: str = options["scope"] or ""
    if options["oci-layout"] and not scope:
        raise UsageError("--oci-layout requires --scope, which selects the trust policy", advice="such as local/hello")
    if scope and not options["oci-layout"]:
        raise UsageError("--scope requires --oci-layout")
    if scope and not is_repository(scope):
        raise UsageError(f"scope {scope!r} is not of the form registry/repository", advice="such as local/hello")
    return scope


def _in_layout(text: str) -> Target:
    path, tag, digest = parse_layout_reference(text)

    def open_layout() -> Repository:
        from notarykit.oci.layout import ImageLayout

        return ImageLayout(path)

    return Target(text, path, tag, digest, open_layout)
