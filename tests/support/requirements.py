"""What tests use that Python does not bring: one table of how each is found and how it is got.

Whoever runs a program or loads a library in a test asks by `require` or `program` first; where it is not there, the
test is skipped with one line that says how to get it. `python tests/support/requirements.py` prints Debian's packages
that are missing here.
"""

import functools
import glob
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, NoReturn

_SYSTEM = "/usr/local/sbin:/usr/sbin:/sbin"
SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), _SYSTEM])
"""Where programs are looked for: daemons too, whose folders are not on a user's path."""


class Requirement(NamedTuple):
    """Something that tests use, by the name of Debian's package for it, or another name where there is none.

    Attributes:
        programs: The programs of it that tests run.
        files: The files of it that tests use, as patterns below `/usr`.
        how: How to get it, where that is not by Debian's package of this name.
        version: The arguments with which its program tells its version, and the first version that will do.
    """

    programs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    how: str = ""
    version: tuple[Sequence[str], tuple[int, ...]] | None = None

    def absent(self) -> list[str]:
        """Returns its missing parts."""
        missing = [each for each in self.programs if _which(each) is None]
        missing += [each for each in self.files if not glob.glob(f"/usr/{each}")]
        return missing or self._too_old()

    def _too_old(self) -> list[str]:
        if self.version is None:
            return []
        arguments, first = self.version
        said = _output(self.programs[0], *arguments)
        found = re.search(r"\d+(\.\d+)+", said)
        is_new_enough = found and tuple(map(int, found[0].split("."))) >= first
        return [] if is_new_enough else [f"{self.programs[0]} {'.'.join(map(str, first))} or later"]


_GO = "https://go.dev/dl has the newest"

REQUIREMENTS: Mapping[str, Requirement] = {
    "bash": Requirement(("bash",)),
    "cargo": Requirement(("cargo", "rustc"), how="apt-get install cargo-web rustc-web"),
    "chromium": Requirement(("chromium",)),
    "clang": Requirement(("clang",)),
    "curl": Requirement(("curl",)),
    "dbus": Requirement(("dbus-daemon",)),
    "docker-registry": Requirement(("docker-registry",)),
    "etcd-server": Requirement(("etcd",)),
    "gcc": Requirement(("cc", "gcc")),
    "git": Requirement(("git",)),
    "go": Requirement(("go",), how=_GO, version=(("env", "GOVERSION"), (1, 23))),
    "go 1.25": Requirement(("go",), how=_GO, version=(("env", "GOVERSION"), (1, 25))),
    "go 1.26": Requirement(("go",), how=_GO, version=(("env", "GOVERSION"), (1, 26, 6))),
    "iproute2": Requirement(("ip",)),
    "jq": Requirement(("jq",)),
    "kubernetes-client": Requirement(("kubectl",)),
    "libclang-dev": Requirement(files=("lib/llvm-*/lib/libclang.so",)),
    "libnss3": Requirement(files=("lib/*/libsoftokn3.so",)),
    "libnss3-tools": Requirement(("certutil",)),
    "libsqlite3-dev": Requirement(files=("include/sqlite3.h",)),
    "libtpm2-pkcs11-1": Requirement(files=("lib/*/pkcs11/libtpm2_pkcs11.so",)),
    "libtpm2-pkcs11-tools": Requirement(("tpm2_ptool",)),
    "libtss2-tcti-swtpm0": Requirement(files=("lib/*/libtss2-tcti-swtpm.so.0",)),
    "libtss2-tcti-tabrmd0": Requirement(files=("lib/*/libtss2-tcti-tabrmd.so.0",)),
    "mount": Requirement(("mount", "umount")),
    "npm": Requirement(("npm",)),
    "opencryptoki": Requirement(("pkcsslotd",), ("lib/*/pkcs11/libopencryptoki.so",)),
    "opensc": Requirement(("pkcs11-tool",)),
    "opensc-pkcs11": Requirement(files=("lib/*/opensc-pkcs11.so",)),
    "openssl": Requirement(("openssl",), version=(("version",), (3,))),
    "p11-kit-modules": Requirement(files=("lib/*/p11-kit-proxy.so",)),
    "pcscd": Requirement(("pcscd",)),
    "pinentry-curses": Requirement(("pinentry-curses",)),
    "pkg-config": Requirement(("pkg-config",)),
    "prometheus": Requirement(("prometheus", "promtool")),
    "skopeo": Requirement(("skopeo",)),
    "softhsm2": Requirement(("softhsm2-util",), ("lib/softhsm/libsofthsm2.so",)),
    "swtpm": Requirement(("swtpm",)),
    "tar": Requirement(("tar",)),
    "tpm2-abrmd": Requirement(("tpm2-abrmd",)),
    "tpm2-tools": Requirement(("tpm2_createprimary",)),
    "util-linux": Requirement(("setpriv", "unshare")),
    "vsmartcard-vpcd": Requirement(files=("lib/pcsc/drivers/serial/libifdvpcd.so",)),
    "ykcs11": Requirement(files=("lib/*/libykcs11.so.2",)),
}

BUILDS: Mapping[str, str] = {
    "cert-manager": "cert-manager's controllers, which take 2 minutes to compile",
    "fulcio": "Fulcio, which takes 4 minutes to compile",
    "gatekeeper": "Gatekeeper, which takes 6 minutes to compile",
    "helm": "Helm, which takes 4 minutes to compile",
    "kube-apiserver": "the API server of Kubernetes, which takes 9 minutes to compile",
    "kube-controller-manager": "the controllers of Kubernetes, which take 2 minutes to compile",
    "kryoptic": "kryoptic, which takes 2 minutes to compile",
    "kyverno": "Kyverno, which takes 8 minutes to compile",
    "localstack": "LocalStack, which takes 2 minutes to install",
    "ratify": "Ratify, which takes 5 minutes to compile",
    "sigstore": "Sigstore's timestamp authority, which takes 2 minutes to compile",
    "vault": "HashiCorp Vault, which takes 8 minutes to compile",
}
"""What is built only where somebody asks for everything."""

EVERYTHING = "make test ALL=1"
"""What includes the tests that take long, and the servers that take long to build."""


def require(*names: str) -> None:
    """Skip the test at hand unless everything is there."""
    for name in names:
        if missing(name):
            leave_out(f"needs {name}", how(name))


def require_build(name: str, *, is_built: bool, needs: Sequence[str]) -> None:
    """Skip the test at hand unless a server was built before, or everything is asked for and it can be built.

    Args:
        name: One of `BUILDS`.
        is_built: Whether it is in the cache.
        needs: What building it requires.
    """
    what = BUILDS[name]  # also where it is built, so that a name that is missing is found
    if is_built:
        return
    if not is_everything_asked():
        leave_out(f"needs {what}", EVERYTHING)
    require(*needs)


def is_everything_asked() -> bool:
    """Returns whether slow tests run as well."""
    return bool(os.environ.get("NOTARYKIT_ALL"))


def require_root(what: str) -> None:
    """Skip the test at hand unless it runs as root."""
    if os.geteuid() != 0:
        leave_out(f"{what} needs root", "run the tests as root")


def require_namespaces(*flags: str) -> None:
    """Skip the test at hand unless this process may make namespaces, by the flags of unshare."""
    require("util-linux")
    if refusal := _refusal(flags):
        leave_out(f"needs 'unshare {' '.join(flags)}', which this machine refuses: {refusal}", "run the tests as root")


def leave_out(why: str, way: str) -> NoReturn:
    """Skip the test at hand.

    Args:
        why: What is missing.
        way: How to get it.
    """
    import pytest

    pytest.skip(" ".join(f"{why} ({way})".split()))


def program(name: str) -> str:
    """The path of a program of the table; where it is not there, the test at hand is skipped."""
    require(next(each for each, requirement in REQUIREMENTS.items() if name in requirement.programs))
    path = _which(name)
    assert path is not None
    return path


def library(name: str, requirement: str) -> Path:
    """A file of a requirement of the table, by its own name; where it is not there, the test at hand is skipped."""
    require(requirement)
    pattern = next(each for each in REQUIREMENTS[requirement].files if each.endswith(f"/{name}"))
    ours = sysconfig.get_config_var("MULTIARCH") or ""
    return Path(min(glob.glob(f"/usr/{pattern}"), key=lambda path: (ours not in path, path)))


@functools.cache
def missing(name: str) -> tuple[str, ...]:
    """Returns the missing parts of a requirement."""
    return tuple(REQUIREMENTS[name].absent())


def how(name: str) -> str:
    """How to get a requirement."""
    return REQUIREMENTS[name].how or f"apt-get install {name}"


def _which(name: str) -> str | None:
    return shutil.which(name, path=SEARCHED)


def _output(*command: str) -> str:
    found = [_which(command[0]) or command[0], *command[1:]]
    try:
        return subprocess.run(found, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


@functools.cache
def _refusal(flags: tuple[str, ...]) -> str:
    command = [program("unshare"), *flags, "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stderr.strip() or "it fails") if done.returncode else ""


if __name__ == "__main__":
    needed = [how(each).partition("apt-get install ")[2] for each in REQUIREMENTS if missing(each)]
    print(" ".join(filter(None, needed)))
