"""What the chart's pods mount, and what of it the program is told."""

import os
from collections.abc import Mapping
from typing import Any

from notarykit_admission.cli.flags import parse
from notarykit_admission.program.settings import Settings
from tests.charts.helm import Rendered


def parsed(rendered: Rendered) -> Settings:
    """Returns the settings that the program takes from the container's arguments."""
    return parse(rendered.container["args"]).settings


def mounted(rendered: Rendered, path: str) -> Mapping[str, Any]:
    """Returns the volume that a file is in."""
    volumes = {each["name"]: each for each in rendered.pod["volumes"]}
    mounts = {each["mountPath"]: each["name"] for each in rendered.container["volumeMounts"]}
    volume: Mapping[str, Any] = volumes[mounts[os.path.dirname(path)]]
    return volume


def policy_files(rendered: Rendered) -> dict[str, bytes]:
    """Returns the files that kubelet would put into the policy folder, of the ConfigMap that is the chart's own."""
    volume = mounted(rendered, f"{parsed(rendered).policy}/trustpolicy.json")
    source = volume["projected"]["sources"][0]["configMap"]
    config = rendered.one("ConfigMap")
    assert source["name"] == config["metadata"]["name"]
    assert {item["key"] for item in source["items"]} == config["data"].keys()
    return {item["path"]: config["data"][item["key"]].encode() for item in source["items"]}
