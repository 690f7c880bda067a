"""Artifacts that a command is about: their references, and the repositories that hold them."""

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

from notarykit._internal.printable import printable
from notarykit.cli.options import ANY_NUMBER, Arguments, Flag, Options
from notarykit.envelope.descriptor import Descriptor
from notarykit.errors import UsageError
from notarykit.oci.reference import (
    Digest,
    LayoutReference,
    Reference,
    Tag,
    is_scope,
    parse_layout_reference,
    parse_reference,
)
from notarykit.oci.repository import Repository

if TYPE_CHECKING:
    from notarykit.oci.index import IndexMember
    from notarykit.verification.artifact import ArtifactRequest

REFERENCES = Arguments(1, ANY_NUMBER, "missing reference to the artifact")
MAX_SIGNATURES_FLAG = Flag(
    "max-signatures", "maximum number of signatures to evaluate or examine", "number", default=100
)
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
STORING_FLAGS = (
    Flag("force-referrers-tag", "write the referrers tag even where the registry has the referrers API", "switch"),
    Flag(
        "manifest-form",
        'form of signature manifests in registries, "current", or "older" for registries that refuse it',
        default="current",
        choices=("current", "older"),
    ),
)
INDEX_FLAGS = (
    Flag(
        "attestations",
        'with --recursive, "include" or "exclude" the attestation manifests of BuildKit',
        default="exclude",
        choices=("exclude", "include"),
    ),
    Flag("platform", "only the manifest in an image index for this platform, os/arch[/variant]; repeatable", "texts"),
    Flag("recursive", "image indexes with every manifest below them", "switch", "r"),
)
DASK_FLAG = Flag("dask", "address of a Dask scheduler, whose workers verify, such as tcp://scheduler:8786")
_TAG_WARNING = (
    "Warning: Always {verb} the artifact using digest(@sha256:...) rather than a tag(:{tag}) because {reason}"
)
_BEFORE_SIGNING = "tags are mutable and a tag reference can point to a different artifact than the one signed."
_AFTER_SIGNING = "resolved digest may not point to the same signed artifact, as tags are mutable."
_LONGEST_PLATFORM = 100


class Repositories(Protocol):
    """Repositories of a command's references; made of data, so that it can be pickled."""

    def open(self, reference: Reference | LayoutReference) -> Repository:
        """Opens the repository of a reference; repositories of one registry share connections and tokens.

        Raises:
            StorageError: There is no image layout.
        """

    def close(self) -> None:
        """Closes all connections."""


class Target(NamedTuple):
    """Artifact that a command is about.

    Attributes:
        text: Reference as it was written.
        reference: The parsed reference.
        scope: Scope that selects the trust policy, `registry/repository`, or an empty string.
        member: Member of an image index that the artifact was found as, or None.
        may_be_absent: True if the artifact was named by an image index alone, which may be of more than its repository
            holds.
    """

    text: str
    reference: Reference | LayoutReference
    scope: str
    member: "IndexMember | None" = None
    may_be_absent: bool = False

    @property
    def identifier(self) -> Tag | Digest:
        """Tag or digest of the artifact."""
        return self.reference.identifier if self.member is None else Digest(self.member.descriptor.digest)

    @property
    def platform(self) -> str:
        """Platform of the artifact in the image index that lists it, cut at 100 characters, or an empty string."""
        return "" if self.member is None else str(self.member.platform or "")[:_LONGEST_PLATFORM]

    def check(self, artifact: Descriptor) -> None:
        """Compares the artifact with the image index that lists it.

        Raises:
            ContentError: The index has another media type or size.
        """
        if self.member is not None:
            self.member.check(artifact)

    def request(self, repositories: Repositories) -> "ArtifactRequest":
        """Returns the request to verify the artifact."""
        from notarykit.verification.artifact import ArtifactRequest

        return ArtifactRequest(partial(repositories.open, self.reference), self.identifier, self.scope)

    def resolved(self, artifact: Descriptor) -> str:
        """Returns the reference with the artifact's digest, and its platform if that is known."""
        reference = str(self.reference._replace(identifier=Digest(artifact.digest)))
        return f"{reference} ({self.platform})" if self.platform else reference

    def index_members(self) -> dict[str, str]:
        """Returns the members of JSON output that tell where an image index lists the artifact."""
        members = {"platform": self.platform, "index": self.member.parent if self.member else ""}
        return {name: value for name, value in members.items() if value}

    def warn_of_tag(self, verb: str) -> None:
        """Warns that a tag is mutable."""
        tag = self.reference.identifier
        if isinstance(tag, Tag):
            reason = _BEFORE_SIGNING if verb == "sign" else _AFTER_SIGNING
            print(_TAG_WARNING.format(verb=verb, tag=printable(tag), reason=reason), file=sys.stderr)


def parse_target(text: str, options: Options) -> Target:
    """Parses a reference into a registry, or with `--oci-layout` into an image layout.

    Raises:
        UsageError: It is malformed.
    """
    if options["oci-layout"]:
        return Target(text, parse_layout_reference(text), options.values.get("scope") or "")
    try:
        reference = parse_reference(text)
    except UsageError as error:
        if os.path.isfile(text):  # a reference of the right form may be the name of a file as well
            raise UsageError(error.message, advice="the file of this name is for 'notarykit blob'") from None
        raise
    return Target(text, reference, reference.scope)


class _Layouts:
    """Image layouts; implements `Repositories`. The last one stays open, since it is mostly the next one too."""

    def __init__(self) -> None:
        self._last: tuple[str, Repository] | None = None

    def __reduce__(self) -> tuple[object, ...]:
        """Supports pickling, without the layout."""
        return _Layouts, ()

    def open(self, reference: Reference | LayoutReference) -> Repository:
        from notarykit.oci.layout import ImageLayout

        assert isinstance(reference, LayoutReference)
        last = self._last
        if last is None or last[0] != reference.path:
            self._last = last = reference.path, ImageLayout(reference.path)
        return last[1]

    def close(self) -> None:
        """Drops the last layout."""
        self._last = None


def repositories(options: Options, targets: list[Target]) -> Repositories:
    """Returns the repositories of a command's references, of which some are known before the others are read.

    Raises:
        UsageError: The flags for registries do not go together.
        ConfigurationError: The settings for registries are malformed.
    """
    _warn_of_old_flag(options)
    if options["oci-layout"]:
        return _Layouts()
    from notarykit.cli.registries import NamedRegistries

    return NamedRegistries(
        options, [target.reference.registry for target in targets if isinstance(target.reference, Reference)]
    )


def _warn_of_old_flag(options: Options) -> None:
    if "allow-referrers-api" not in options.written:
        return
    instead = f"; use --force-referrers-tag={str(not options['allow-referrers-api']).lower()}"
    has_other = "force-referrers-tag" in options.values
    text = f"deprecated{instead}" if has_other else "deprecated and has no effect on reading"
    print(f"Warning: the flag --allow-referrers-api is {text}", file=sys.stderr)


def check_scope(options: Options) -> None:
    """Checks the scope that selects the trust policy of artifacts in a layout.

    Raises:
        UsageError: It is missing for a layout, given for a registry, or malformed.
    """
    scope: str = options["scope"] or ""
    if options["oci-layout"] and not scope:
        raise UsageError("--oci-layout requires --scope, which selects the trust policy", advice="such as local/hello")
    if scope and not options["oci-layout"]:
        raise UsageError("--scope requires --oci-layout")
    if scope and not is_scope(scope):
        raise UsageError(f"scope {scope!r} is not of the form registry/repository", advice="such as local/hello")


def check_index_flags(options: Options) -> None:
    """Refuses flags for image indexes that do not go together.

    Raises:
        UsageError: They do not, or a platform is malformed.
    """
    options.exclusive("platform", "recursive")
    if "attestations" in options.written and not options["recursive"]:
        raise UsageError("--attestations requires --recursive")
    if options["platform"]:
        from notarykit.oci.platform import parse_platform

        for text in options["platform"]:
            parse_platform(text)
