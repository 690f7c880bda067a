"""Flags of `sign` and `verify` for image indexes."""

from notarykit.cli.options import Flag, Options
from notarykit.errors import UsageError

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
