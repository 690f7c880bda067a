"""What a command's argument refers to: the place, and the artifact in it."""

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
    Flag("insecure-registry", "use HTTP while connecting to registries; for tests alone", "switch"),
    Flag("password", "password for registry operations (default to $NOTATION_PASSWORD if not specified)", short="p"),
    Flag("username", "username for registry operations (default to $NOTATION_USERNAME if not specified)", short="u"),
    Flag("ca-file", "CA certificates that are trusted for registries in place of the system's"),
    Flag("cert-file", "client certificate for registries"),
    Flag("key-file", "key of the client certificate, if it is in a file of its own"),
    Flag("timeout", "how long a registry may take for one artifact, such as 30s or 2m", "duration", default=120),
    Flag("allow-referrers-api", "deprecated in favour of --force-referrers-tag of sign", "switch", hidden=True),
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
        """Tells on standard error that a tag is not a good name for what is signed or verified."""
        if self.tag:
            reason = _BEFORE_SIGNING if verb == "sign" else _AFTER_SIGNING
            print(_TAG_WARNING.format(verb=verb, tag=printable(self.tag), reason=reason), file=sys.stderr)


def targets(options: Options) -> list[Target]:
    """The artifacts of all arguments; those in one registry share its connections and tokens.

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
    """The scope by which the trust policy for artifacts in a layout is chosen; empty for registries.

    Raises:
        UsageError: There is none for a layout, one for a registry, or it is malformed.
    """
    scope: str = options["scope"] or ""
    if options["oci-layout"] and not scope:
        raise UsageError(
            "--oci-layout needs --scope, by which the trust policy is chosen", advice="such as local/hello"
        )
    if scope and not options["oci-layout"]:
        raise UsageError("--scope goes with --oci-layout alone")
    if scope and not is_repository(scope):
        raise UsageError(f"scope {scope!r} is not of the form registry/repository", advice="such as local/hello")
    return scope


def _in_layout(text: str) -> Target:
    path, tag, digest = parse_layout_reference(text)

    def open_layout() -> Repository:
        from notarykit.oci.layout import ImageLayout

        return ImageLayout(path)

    return Target(text, path, tag, digest, open_layout)
