"""Platforms: their names, and which image runs where.

Expectations are those of containerd's package platforms (`Only`) and image-spec, image-index.md, "Platform Variants".
"""

import pytest

from notarykit._internal.strict_json import DocumentError, GoMembers
from notarykit.errors import UsageError
from notarykit.oci.platform import Platform, parse_platform, rank


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux/amd64", Platform("linux", "amd64")),
        ("linux/arm/v7", Platform("linux", "arm", "v7")),
        ("windows(10.0.20348)/amd64", Platform("windows", "amd64", "", "10.0.20348")),
        ("windows(10.0.20348.2227+win32k)/amd64", Platform("windows", "amd64", "", "10.0.20348.2227", ("win32k",))),
        ("linux(+erofs+gpu)/arm64/v8", Platform("linux", "arm64", "v8", "", ("erofs", "gpu"))),
    ],
)
def test_specifier_is_parsed_and_printed(text: str, platform: Platform) -> None:
    """A specifier in containerd's form is parsed, and the platform prints as the specifier."""
    assert parse_platform(text) == platform
    assert str(platform) == text


@pytest.mark.parametrize(
    "text", ["", "linux", "arm64", "linux/", "/arm64", "linux/arm/v7/x", "linux/*", "li nux/arm64"]
)
def test_malformed_specifier_is_refused(text: str) -> None:
    """A specifier without a system or an architecture is refused, as there is no host to complete it from."""
    with pytest.raises(UsageError, match="is not of the form os/architecture"):
        parse_platform(text)


@pytest.mark.parametrize("version", ["10", "10.0", "10.0.x", "10.0.123456"])
def test_malformed_windows_version_is_refused(version: str) -> None:
    """A version of Windows without a build number selects nothing and is refused."""
    with pytest.raises(UsageError, match="malformed version"):
        parse_platform(f"windows({version})/amd64")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("linux/x86_64", "linux/amd64"),
        ("linux/x86-64", "linux/amd64"),
        ("Linux/AMD64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/arm64/v8.0", "linux/arm64"),
        ("linux/arm64/9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/7", "linux/arm/v7"),
        ("linux/armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/i386", "linux/386"),
        ("macos/arm64", "darwin/arm64"),
    ],
)
def test_names_of_one_platform_suit_each_other(first: str, second: str) -> None:
    """Two names of one platform are the same platform, whichever of them the image has."""
    assert parse_platform(first).normalized() == parse_platform(second).normalized()
    assert rank(parse_platform(first), parse_platform(second)) is not None
    assert rank(parse_platform(second), parse_platform(first)) is not None


def _order(wanted: str, *images: str) -> list[str]:
    """Returns the images that suit a platform, best first."""
    ranked = [(rank(parse_platform(wanted), parse_platform(image)), image) for image in images]
    return [image for suitability, image in sorted(pair for pair in ranked if pair[0] is not None)]


@pytest.mark.parametrize(
    ("wanted", "suitable"),
    [
        ("linux/arm/v7", ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm/v6", ["linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm/v8", ["linux/arm/v8", "linux/arm/v7", "linux/arm/v6", "linux/arm/v5"]),
        ("linux/arm64", ["linux/arm64/v8"]),
        ("linux/arm64/v8.2", ["linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64/v8"]),
        (
            "linux/arm64/v9",
            ["linux/arm64/v9", "linux/arm64/v8.5", "linux/arm64/v8.2", "linux/arm64/v8.1", "linux/arm64/v8"],
        ),
        ("linux/amd64", ["linux/amd64"]),
        ("linux/amd64/v2", ["linux/amd64/v2", "linux/amd64"]),
        ("linux/amd64/v3", ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64"]),
        ("linux/386", ["linux/386"]),
        ("linux/ppc64le/power9", ["linux/ppc64le/power9"]),
        ("linux/riscv64", ["linux/riscv64"]),
        ("darwin/arm64", []),
        ("linux/s390x", []),
    ],
)
def test_less_capable_variants_of_the_architecture_suit(wanted: str, suitable: list[str]) -> None:
    """Images for the variant and for less capable ones suit, best first, and those of other architectures never."""
    images = [
        "linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/386", "linux/arm64/v8", "linux/arm64/v8.1",
        "linux/arm64/v8.2", "linux/arm64/v8.5", "linux/arm64/v9", "linux/arm/v8", "linux/arm/v7", "linux/arm/v6",
        "linux/arm/v5", "linux/ppc64le/power8", "linux/ppc64le/power9", "linux/riscv64", "linux/riscv64/rva20u64",
    ]  # fmt: skip
    assert _order(wanted, *images) == suitable


@pytest.mark.parametrize(
    ("host", "builds"),
    [
        ("10.0.17763", [17763]),
        ("10.0.17763.1", [17763]),
        ("10.0.20348", [20348]),
        ("10.0.25398", [25398, 20348]),
        ("10.0.26100", [26100, 25398, 20348]),
        ("10.0.29000", [26100]),
        ("10.0.19000", []),
        ("11.0.20348", []),
    ],
)
def test_windows_images_of_runnable_builds_suit(host: str, builds: list[int]) -> None:
    """A Windows host runs its own build, since Server 2022 also those since the release before, the newest first."""
    images = [f"windows(10.0.{build}.100)/amd64" for build in (17763, 20348, 25398, 26100)]
    assert _order(f"windows({host})/amd64", *images) == [f"windows(10.0.{build}.100)/amd64" for build in builds]


def test_windows_version_that_is_missing_or_unreadable() -> None:
    """A version that either side leaves out excludes nothing, and one that cannot be read excludes the image."""
    wanted, image = parse_platform("windows(10.0.17763)/amd64"), Platform("windows", "amd64")
    assert rank(wanted, image) is not None
    assert rank(image, wanted) is not None
    assert rank(wanted, image._replace(os_version="2022")) is None
    assert rank(wanted, image._replace(os_version="10.0.20348")) is None


def test_version_of_other_systems_does_not_count() -> None:
    """The version of a system other than Windows excludes nothing."""
    assert rank(parse_platform("linux(6.1)/amd64"), parse_platform("linux(5.4)/amd64")) is not None


def test_required_features_must_be_named() -> None:
    """An image that requires features suits where all are named, and before one that requires fewer."""
    wanted = parse_platform("linux(+erofs+gpu)/amd64")
    assert _order(str(wanted), "linux/amd64", "linux(+erofs)/amd64", "linux(+gpu+erofs)/amd64") == [
        "linux(+gpu+erofs)/amd64",
        "linux(+erofs)/amd64",
        "linux/amd64",
    ]
    assert rank(parse_platform("linux/amd64"), parse_platform("linux(+erofs)/amd64")) is None


def test_win32k_does_not_count() -> None:
    """The feature win32k, which images of Windows Server name, excludes nothing."""
    assert rank(parse_platform("windows/amd64"), parse_platform("windows(10.0.20348+win32k)/amd64")) is not None


def test_platform_of_an_entry() -> None:
    """The members of an entry and of a config are read, null and absent ones being empty."""
    members: dict[str, object] = {
        "os": "linux",
        "architecture": "arm",
        "variant": "v7",
        "os.features": None,
        "rootfs": {},
    }
    assert Platform.from_json(GoMembers(members, "config")) == Platform("linux", "arm", "v7")
    with pytest.raises(DocumentError, match="'os' must be a string"):
        Platform.from_json(GoMembers({"os": 1}, "platform"))
