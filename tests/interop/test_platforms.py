"""The choice of a platform's manifest, against containerd's package platforms."""

from itertools import product
from typing import Any

from notarykit._internal.strict_json import GoMembers
from notarykit.errors import UsageError
from notarykit.oci.platform import Platform, parse_platform, rank
from tests.interop import image_program

_NAMES = [
    *("linux/amd64", "linux/x86_64", "linux/x86-64", "linux/amd64/v1", "linux/amd64/v2", "linux/amd64/v3", "linux/386"),
    *("linux/i386", "linux/arm64", "linux/aarch64", "linux/arm64/v8", "linux/arm64/8", "linux/arm64/v8.1"),
    *("linux/arm64/v8.5", "linux/arm64/v9", "linux/arm64/v9.3", "linux/arm", "linux/armhf", "linux/armel"),
    *("linux/arm/v5", "linux/arm/v6", "linux/arm/7", "linux/arm/v8", "linux/ppc64le", "linux/ppc64le/power9"),
    *("linux/riscv64", "linux/s390x", "macos/arm64", "darwin/arm64", "freebsd/amd64", "LINUX/AMD64", "windows/amd64"),
    *("windows(10.0.17763)/amd64", "windows(10.0.20348)/amd64", "windows(10.0.25398.1)/amd64"),
    *("windows(10.0.26100)/amd64", "linux(+erofs)/amd64", "linux(+erofs+gpu)/amd64"),
]


def _image(name: str) -> dict[str, Any]:
    """Returns the member `platform` of an entry, spelled like a name."""
    platform = parse_platform(name)
    members = {
        "os": platform.os,
        "architecture": platform.architecture,
        "variant": platform.variant,
        "os.version": platform.os_version,
        "os.features": list(platform.os_features),
    }
    return {member: value for member, value in members.items() if value}


def _ours(wanted: Platform, images: list[dict[str, Any]]) -> list[int]:
    ranked = [
        (suitability, position)
        for position, image in enumerate(images)
        if (suitability := rank(wanted, Platform.from_json(GoMembers(image, "platform")))) is not None
    ]
    return [position for _, position in sorted(ranked)]


def test_choice_is_that_of_containerd() -> None:
    """For each platform, the same images suit in the same order; containerd's other architectures come last, if at all.

    By version it orders the images of Windows on Windows alone.
    """
    images = [_image(name) for name in (*_NAMES, "windows(10.0.20348+win32k)/amd64", "linux(+gpu)/amd64/v2")]
    answers = image_program.choose(_NAMES, images)
    for name, theirs in zip(_NAMES, answers, strict=True):
        assert theirs is not None, name
        wanted = parse_platform(name)
        architecture = wanted.normalized().architecture
        same = [
            Platform.from_json(GoMembers(images[position], "platform")).normalized().architecture == architecture
            for position in theirs
        ]
        own = [position for position, is_same in zip(theirs, same, strict=True) if is_same]
        ours = _ours(wanted, images)
        if wanted.os == "windows":
            assert sorted(ours) == sorted(own), name
        else:
            assert ours == own, name
        assert same == sorted(same, reverse=True), name


def test_specifiers_are_those_of_containerd() -> None:
    """Whatever has a system and an architecture is a platform to both, or to neither."""
    parts = ("linux", "windows(10.0.20348)", "linux(+a+b)", "linux(", "linux()", "li*", "", "lin.ux", "x(1+)")
    texts = ["/".join(pair) for pair in product(parts, ("amd64", "arm/v7", "a/b/c", "", "arm/", "am%64"))]
    for text, answer in zip(texts, image_program.choose(texts, []), strict=True):
        try:
            parse_platform(text)
        except UsageError:
            assert answer is None, text
        else:
            assert answer is not None, text
