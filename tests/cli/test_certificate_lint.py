"""`certificate lint`: the requirements that a certificate or chain violates."""

from pathlib import Path

import pytest

from tests.cli.world import World
from tests.support.ca import Changes, key_usage, make_chain, name, new_key, pem_of


def _lint(world: World, content: bytes, *flags: str) -> tuple[int, list[str]]:
    Path("chain.pem").write_bytes(content)
    done = world.run("cert", "lint", *flags, "chain.pem")
    return done.code, done.out.splitlines()


def test_valid_chains_have_no_findings(world: World) -> None:
    """A valid chain ends with 0 and one line, as does a CA certificate alone."""
    for content in (world.chain.chain_pem, b"".join(world.chain.ders), world.chain.pems[1], world.chain.pems[2]):
        assert _lint(world, content) == (0, ["chain.pem: no requirement is violated"])


def test_lone_ca_certificate_is_checked_as_ca_with_a_note(world: World) -> None:
    """Standard error notes that a lone CA certificate was not checked as a signing certificate."""
    for content, says_so in ((world.chain.pems[1], True), (world.chain.pems[0], False), (world.chain.chain_pem, False)):
        Path("chain.pem").write_bytes(content)
        done = world.run("cert", "lint", "chain.pem")
        assert ("which cannot sign artifacts" in done.err) is says_so


def test_findings_have_certificate_field_problem_and_fix(world: World) -> None:
    """Every violated requirement is a row with certificate, field, problem and fix; the exit code is 4."""
    leaf = Changes(kind="EC-224", put=((key_usage("digital_signature", "crl_sign"), False),))
    chain = make_chain(leaf=leaf, cas={2: Changes(kind="EC-192")})
    code, lines = _lint(world, chain.chain_pem)
    assert code == 4
    assert lines[0].split() == ["CERTIFICATE", "FIELD", "PROBLEM", "FIX"]
    columns = [lines[0].index(title) for title in ("FIELD", "PROBLEM", "FIX")]
    rows = [(line[: columns[0]].strip(), line[columns[0] : columns[1]].strip()) for line in lines[1:]]
    leaf_name, root_name = (chain.subjects[place].rfc4514_string() for place in (0, 2))
    assert sorted(rows) == sorted([
        (leaf_name, "keyUsage"), (leaf_name, "keyUsage"), (leaf_name, "subjectPublicKey"),
        (root_name, "subjectPublicKey"),
    ])  # fmt: skip
    for line in lines[1:]:
        assert line[columns[1] : columns[2]].strip()
        assert line[columns[2] :].strip()


def test_purpose_selects_the_requirements(world: World) -> None:
    """A chain is checked for code signing by default, for timestamping on request."""
    stamping = make_chain(purpose="timestamping").chain_pem
    assert _lint(world, stamping, "--purpose", "timestamping")[0] == 0
    code, lines = _lint(world, stamping)
    assert (code, len(lines)) == (4, 2)
    assert "timeStamping" in lines[1]
    assert _lint(world, world.chain.chain_pem, "--purpose=code-signing")[0] == 0
    assert _lint(world, world.chain.chain_pem, "--purpose=timestamping")[0] == 4
    error = world.refused(2, "cert", "lint", "--purpose", "both", "chain.pem")
    assert error == "unrecognized value 'both' of --purpose: use code-signing or timestamping"


@pytest.mark.parametrize("place", [1, 2])
def test_unknown_kind_of_key_is_a_finding(world: World, place: int) -> None:
    """A certificate with an unknown kind of key is a finding."""
    swap = ((bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06072a8648ce3d0277")),)
    code, lines = _lint(world, make_chain(cas={place: Changes(swap=swap)}).chain_pem)
    assert code == 4
    assert any("subjectPublicKey" in line for line in lines)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "certificate chain.pem does not exist"),
        (b"hello", "chain.pem is neither PEM nor DER of certificates"),
        (b"", "chain.pem holds no certificate"),
        (pem_of(new_key("EC-256")), "chain.pem holds no certificate"),
        (make_chain().pems[0][:-40], "chain.pem has a damaged certificate in PEM"),
    ],
)
def test_file_without_certificate_is_named(world: World, content: bytes | None, problem: str) -> None:
    """The error for a file without certificates names the file."""
    if content is not None:
        Path("chain.pem").write_bytes(content)
    assert world.refused(4, "cert", "lint", "chain.pem").startswith(problem)


def test_control_characters_in_names_are_escaped(world: World) -> None:
    """Control characters in a subject do not reach the terminal."""
    chain = make_chain(length=1, subject=name("red \x1b[31m\u202e"), leaf=Changes(kind="EC-224"))
    code, lines = _lint(world, chain.chain_pem)
    assert code == 4
    assert len(lines) == 2
    assert "\x1b" not in lines[1]
    assert "\u202e" not in lines[1]
