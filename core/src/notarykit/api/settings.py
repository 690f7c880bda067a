"""What is used where a program gives nothing, or a name."""

from typing import TYPE_CHECKING

from notarykit.loading import load_signer

if TYPE_CHECKING:
    from notarykit.envelope.signer import EnvelopeSigner, Signer
    from notarykit.signing.options import SignOptions


def used_signer(signer: "Signer | EnvelopeSigner | str", *, for_blob: bool = False) -> "Signer | EnvelopeSigner":
    """Returns the signer itself, or that of a name on the user's list of signing keys."""
    return load_signer(signer, for_blob=for_blob) if isinstance(signer, str) else signer


def with_format(options: "SignOptions | None") -> "SignOptions":
    """Returns the options with the format of the user's settings, unless they have one."""
    from notarykit.config.settings import FORMATS, load_settings
    from notarykit.signing.options import DEFAULT_OPTIONS

    options = options or DEFAULT_OPTIONS
    if options.media_type is not None:
        return options
    return options._replace(media_type=FORMATS[load_settings().signature_format])
