"""Platforms of images, and how well one suits another (image-spec, image-index.md, "platform").

Names and variants count as in containerd's package platforms, which decides for containerd, Docker and BuildKit. No
architecture stands in for another here, although containerd tries `386` for `amd64` and `arm` for `arm64`: the
libraries of podman and CRI-O do not.
"""

import re
from typing import NamedTuple

from notarykit._internal.strict_json import Members
from notarykit.errors import UsageError

_SPECIFIER = re.compile(
    r"([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.-]*)((?:\+[A-Za-z0-9_.-]+)*)\))?/([A-Za-z0-9_.-]+)(?:/([A-Za-z0-9_.-]+))?"
)
_ARCHITECTURES = {"i386": "386", "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}
_ARM_VARIANTS = {"armhf": "v7", "armel": "v6"}
# The variant that a missing one stands for.
_BASE_VARIANTS = {"amd64": "v1", "arm": "v7", "arm64": "v8"}
_VERSION = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,5})(?:\..*)?")
# Builds of Windows Server 2022 and 2025. Since 2022 a host runs images from the release before its own up to its own.
_LTSC_BUILDS = (20348, 26100)
_WIN32K = "win32k"


class Platform(NamedTuple):
    """Platform of an image, with the names that it was given.

    Attributes:
        os: Operating system, a value of Go's GOOS.
        architecture: Architecture, a value of Go's GOARCH.
        variant: Variant of the architecture, such as `v7`, or an empty string.
        os_version: Version of the operating system, such as `10.0.20348.2227`, or an empty string.
        os_features: Features that the operating system must have.
    """

    os: str
    architecture: str
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    def __str__(self) -> str:
        options = self.os_version + "".join(f"+{feature}" for feature in self.os_features)
        system = f"{self.os}({options})" if options else self.os
        return "/".join(filter(None, (system, self.architecture, self.variant)))

    @property
    def is_unknown(self) -> bool:
        """True for `unknown/unknown`, by which BuildKit keeps runtimes from choosing a manifest."""
        return self.os == self.architecture == "unknown"

    @classmethod
    def from_json(cls, members: Members) -> "Platform":
        """Parses the member `platform` of an index's entry, or the config of an image, which has the same members.

        Raises:
            DocumentError: A member is of a wrong type.
        """
        return cls(
            members.text("os", ""),
            members.text("architecture", ""),
            members.text("variant", ""),
            members.text("os.version", ""),
            members.texts("os.features", ()),
        )

    def normalized(self) -> "Platform":
        """Returns the platform with the names of Go, in lower case, and a variant wherever one is usual."""
        system, architecture, variant = self.os.lower(), self.architecture.lower(), self.variant.lower()
        variant = _ARM_VARIANTS.get(architecture, variant)
        architecture = "arm" if architecture in _ARM_VARIANTS else _ARCHITECTURES.get(architecture, architecture)
        if architecture in _BASE_VARIANTS:
            variant = f"v{variant.removeprefix('v')}" if variant else _BASE_VARIANTS[architecture]
            variant = variant.removesuffix(".0")
        system = "darwin" if system == "macos" else system
        features = tuple(sorted(set(self.os_features) - ({_WIN32K} if system == "windows" else set())))
        return Platform(system, architecture, variant, self.os_version, features)


def parse_platform(text: str) -> Platform:
    """Parses `os/architecture[/variant]`, where the system may have a version and features, as in containerd.

    `windows(10.0.20348)/amd64` names a version, `windows(10.0.20348+win32k)/amd64` a feature too.

    Raises:
        UsageError: It is malformed.
    """
    match = _SPECIFIER.fullmatch(text)
    if match is None:
        raise UsageError(
            f"platform {text!r} is not of the form os/architecture or os/architecture/variant",
            advice="such as linux/arm64, linux/arm/v7 or windows(10.0.20348)/amd64",
        )
    system, version, features, architecture, variant = (part or "" for part in match.groups())
    if version and system.lower() == "windows" and _VERSION.fullmatch(version) is None:
        raise UsageError(f"platform {text!r} has a malformed version", advice="such as windows(10.0.20348)/amd64")
    return Platform(system, architecture, variant, version, tuple(filter(None, features.split("+"))))


def rank(wanted: Platform, image: Platform) -> tuple[int, ...] | None:
    """Returns how well an image suits a platform, the least being the best, or None where it does not run there."""
    wanted, image = wanted.normalized(), image.normalized()
    variants = _compatible_variants(wanted.architecture, wanted.variant)
    is_runnable = (
        (wanted.os, wanted.architecture) == (image.os, image.architecture)
        and image.variant in variants
        and set(image.os_features) <= set(wanted.os_features)
    )
    if not is_runnable:
        return None
    suitability = (variants.index(image.variant), -len(image.os_features))
    if wanted.os != "windows" or not (wanted.os_version and image.os_version):
        return (*suitability, 0)
    build = _windows_build(wanted.os_version, image.os_version)
    return None if build is None else (*suitability, -build)


def _compatible_variants(architecture: str, variant: str) -> list[str]:
    """Returns the variants of an architecture that run on one of them, best first."""
    match = re.fullmatch(r"v([0-9])(?:\.([0-9]))?", variant)
    if match is None:
        return [variant]
    major, minor = int(match[1]), int(match[2] or 0)
    if architecture == "arm64":
        versions = [(major, lower) for lower in range(minor, -1, -1)]
        if major == 9:  # noqa: PLR2004 - Armv9.N has all that Armv8.(N+5) has
            versions += [(8, lower) for lower in range(min(minor + 5, 9), -1, -1)]
        return [f"v{number}.{lower}" if lower else f"v{number}" for number, lower in versions]
    least = {"amd64": 1, "arm": 5}.get(architecture, major)
    return [f"v{number}" for number in range(major, min(least, major) - 1, -1)] if not match[2] else [variant]


def _windows_build(host: str, image: str) -> int | None:
    """Returns the image's build if a container of it runs on the host's version of Windows."""
    host_version, image_version = _VERSION.fullmatch(host), _VERSION.fullmatch(image)
    if host_version is None or image_version is None or host_version.group(1, 2) != image_version.group(1, 2):
        return None
    newest, build = int(host_version[3]), int(image_version[3])
    oldest = newest
    if newest >= _LTSC_BUILDS[0]:
        oldest = max((release for release in _LTSC_BUILDS if release < newest), default=_LTSC_BUILDS[0])
    return build if oldest <= build <= newest else None
