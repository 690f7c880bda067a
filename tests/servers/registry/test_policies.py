"""A trust policy explained and tested with artifacts in a registry."""

import json
from pathlib import Path

import pytest

import notarykit
from tests.servers.registry.running import Registry
from tests.servers.registry.scenes import NAME, error_of, process_home, run
from tests.support.ca import TestChain, make_chain
from tests.support.homes import Home, policy_document
from tests.support.ports import free_port
from tests.support.registries import push_artifacts


@pytest.fixture(scope="module")
def chain() -> TestChain:
    """Return the signer's chain."""
    return make_chain()


@pytest.fixture
def home(tmp_path: Path, chain: TestChain, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return the settings of this process, whose working folder is empty."""
    monkeypatch.chdir(tmp_path)
    return process_home(tmp_path / "home", chain, monkeypatch)


@pytest.fixture
def reference(home: Home, chain: TestChain, memory_registry: Registry) -> str:
    """Return an artifact with a stranger's signature and a good one, under a policy with a prefix for it."""
    (digest,) = push_artifacts(memory_registry.address, NAME, ["v1"])
    reference = f"{memory_registry.host}/{NAME}@{digest}"
    home.add_key(make_chain(), "stranger")
    for key in ("stranger", "build"):
        assert run(home, "sign", "--key", key, reference).returncode == 0
    prefix = policy_document(scopes=[f"{memory_registry.host}/*"])
    home.set_policy(prefix | {"version": "notarykit/1"})
    return reference


def test_every_signature_is_explained(home: Home, reference: str) -> None:
    """The verdict is that of `verify`, and both signatures have their steps, whoever comes first."""
    done = run(home, "policy", "explain", "-o", "json", reference)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert document["verdict"] == "verified"
    assert document["scope"].endswith("/*")
    assert sorted(each["verdict"] for each in document["signatures"]) == ["failed", "verified"]
    assert {each["verdict"]: each["anchor"] for each in document["signatures"]} == {"failed": None, "verified": 2}
    explained = notarykit.explain(reference)
    assert notarykit.explanation_document(reference, explained)["signatures"] == document["signatures"]
    assert isinstance(explained.outcome, notarykit.VerifiedArtifact)
    assert explained.outcome.signature == notarykit.verify(reference).signature


def test_cases_in_a_registry(home: Home, reference: str) -> None:
    """A table has cases about a registry; one that cannot be reached is different, whatever was expected."""
    absent = f"localhost:{free_port()}/{NAME}@{reference.partition('@')[2]}"
    home.set_policy(policy_document())
    cases = [
        {"name": "good", "reference": reference, "verdict": "verified"},
        {
            "name": "metadata",
            "reference": reference,
            "userMetadata": {"a": "b"},
            "verdict": "failed",
            "step": "userMetadata",
        },
        {"name": "absent", "reference": absent, "verdict": "failed"},
    ]
    Path("cases.json").write_text(json.dumps({"cases": cases}))
    done = run(home, "policy", "test", "cases.json", "-o", "json")
    assert done.returncode == 1, done
    results = json.loads(done.stdout)["cases"]
    assert [each["result"] for each in results] == ["passed", "passed", "FAILED"]
    assert results[2]["differences"][0].startswith("there is no verdict: ")


def test_registry_that_cannot_be_reached(home: Home) -> None:
    """Policy and stores are explained all the same, and the exit code is that of `verify`."""
    home.set_policy(policy_document())
    done = run(home, "policy", "explain", f"localhost:{free_port()}/{NAME}@sha256:{'0' * 64}")
    assert "localhost" in error_of(done, 3)
    assert "Statement 'tests' applies" in done.stdout
