"""Helm, compiled from modules of the Go module proxy, and what it makes of the chart."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tests.interop.go_build import Module
from tests.support.go_programs import GoProgram
from tests.support.kubernetes import Manifest, manifests

_VERSION = "4.3.2"
HELM = GoProgram(
    "helm",
    Module("helm.sh/helm/v4", f"v{_VERSION}", "h1:zdd8DgKTlLrlYIzdoAntDHLH0V3RkgNIpQ3yjzuD84M="),
    "cmd/helm",
    variables={"helm.sh/helm/v4/internal/version.version": f"v{_VERSION}"},
)
CHART = Path(__file__).resolve().parents[2] / "charts" / "notarykit-admission"
NAMESPACE, NAME = "notarykit", "trial-notarykit-admission"
"""Namespace of the release, and the name of its objects."""
_RELEASE = "trial"
# The first version that the chart is for. It decides nothing but whether that is so.
_KUBERNETES = "1.30.0"

Values = Mapping[str, Any]


class HelmError(Exception):
    """Helm did not do what was asked; the text is what it said."""


class Rendered(NamedTuple):
    """Objects of a release.

    Attributes:
        manifests: The objects, with what pod security has against their pods.
    """

    manifests: tuple[Manifest, ...]

    def all(self, kind: str) -> list[Mapping[str, Any]]:
        """Returns the objects of a kind."""
        return [each.object for each in self.manifests if each.object["kind"] == kind]

    def one(self, kind: str) -> Mapping[str, Any]:
        """Returns the only object of a kind."""
        (found,) = self.all(kind)
        return found

    @property
    def pod(self) -> Mapping[str, Any]:
        """Specification of the pods."""
        found: Mapping[str, Any] = self.one("Deployment")["spec"]["template"]["spec"]
        return found

    @property
    def container(self) -> Mapping[str, Any]:
        """Specification of the pods' only container."""
        found: Mapping[str, Any]
        (found,) = self.pod["containers"]
        return found

    @property
    def webhooks(self) -> dict[str, Mapping[str, Any]]:
        """The webhooks by their kind, `validate` or `pin`."""
        kinds = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
        listed = [each for kind in kinds for found in self.all(kind) for each in found["webhooks"]]
        return {each["name"].partition(".")[0]: each for each in listed}


class Helm:
    """Helm with the chart.

    Args:
        program: Path of Helm's program.
        folder: Folder for its own files and for those of values.

    Attributes:
        program: As above.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self._folder = folder
        self._rendered: dict[str, Rendered] = {}

    def lint(self, values: Values) -> str:
        """Returns what `helm lint --strict` says of the chart with these values.

        Raises:
            HelmError: The values or what comes of them is wrong.
        """
        return self._run("lint", "--strict", str(CHART), *self._given(values))

    def render(self, values: Values) -> Rendered:
        """Returns the objects of a release with these values, decoded by Kubernetes' own types.

        Raises:
            HelmError: The values are refused.
            ValueError: An object has a member that its type has not.
        """
        key = json.dumps(values)
        if key not in self._rendered:
            output = self._folder / "rendered.yaml"
            output.write_text(self._release("template", values, "--kube-version", _KUBERNETES))
            self._rendered[key] = Rendered(tuple(manifests(output)))
        return self._rendered[key]

    def install(self, values: Values, kubeconfig: str) -> str:
        """Installs the release, or makes it like this, and returns what Helm tells the user."""
        return self._release("upgrade", values, "--install", "--kubeconfig", kubeconfig)

    def uninstall(self, kubeconfig: str) -> None:
        """Removes the release."""
        self._run("uninstall", _RELEASE, "--namespace", NAMESPACE, "--kubeconfig", kubeconfig)

    def _release(self, command: str, values: Values, *arguments: str) -> str:
        return self._run(command, _RELEASE, str(CHART), "--namespace", NAMESPACE, *self._given(values), *arguments)

    def _given(self, values: Values) -> tuple[str, str]:
        file = self._folder / "values.json"
        file.write_text(json.dumps(values))
        return "--values", str(file)

    def _run(self, *arguments: str) -> str:
        # Its own folders, and neither plugins nor a cluster of whoever runs the tests.
        settings = {"HOME": str(self._folder), "PATH": "", "KUBECONFIG": str(self._folder / "none")}
        done = subprocess.run([self.program, *arguments], env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HelmError(done.stderr + done.stdout)
        return done.stdout
