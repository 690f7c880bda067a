"""Command lines that are wrong in themselves: 2, one line that names the word, and a hint where there is one."""

import pytest

from tests.cli.world import VERIFY, World

SEE_SIGN = "see 'notarykit sign --help'"
LAYOUT_FORM = "write PATH@DIGEST or PATH:TAG"
DURATION_FORM = "use numbers with units from weeks to seconds, such as 30d, 12h, 3h20m or 30s"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sing"], "unknown command 'sing' for 'notarykit': did you mean 'sign'?"),
        (["cret"], "unknown command 'cret' for 'notarykit': did you mean 'cert'?"),
        (["frobnicate"], "unknown command 'frobnicate' for 'notarykit': see 'notarykit --help'"),
        (["--frob"], "unknown flag '--frob' for 'notarykit': see 'notarykit --help'"),
        (["key", "ad"], "unknown command 'ad' for 'notarykit key': did you mean 'add'?"),
        (["key", "--list"], "unknown flag '--list' for 'notarykit key': see 'notarykit key --help'"),
        (["blob", "polcy"], "unknown command 'polcy' for 'notarykit blob': did you mean 'policy'?"),
        (["blob", "policy", "initt"], "unknown command 'initt' for 'notarykit blob policy': did you mean 'init'?"),
        (["help", "sing"], "unknown command 'sing' for 'notarykit': did you mean 'sign'?"),
        (["sign", "--keyy", "a", "b"], "unknown flag '--keyy' for 'notarykit sign': did you mean '--key'?"),
        (["sign", "--zzz", "b"], f"unknown flag '--zzz' for 'notarykit sign': {SEE_SIGN}"),
        (["sign", "--ke=a", "b"], "unknown flag '--ke' for 'notarykit sign': did you mean '--key'?"),
        (
            ["blob", "verify", "--from", "a", "--from=b"],
            (
                "flag --from is given twice for 'notarykit blob verify': put all lines into one file, or pipe them to "
                "'--from -'"
            ),
        ),
        (["sign", "-z", "b"], f"unknown flag '-z' for 'notarykit sign': {SEE_SIGN}"),
        (["sign", "-dz", "b"], f"unknown flag '-z' for 'notarykit sign': {SEE_SIGN}"),
        (["sign", "-z=1", "b"], f"unknown flag '-z' for 'notarykit sign': {SEE_SIGN}"),
        (["sign", "-", "b", "--key"], f"flag --key needs a value for 'notarykit sign': {SEE_SIGN}"),
        (["sign", "b", "-dk"], f"flag -k needs a value for 'notarykit sign': {SEE_SIGN}"),
        (["sign", "b", "--oci-layout="], "'' is neither true nor false for the flag --oci-layout of 'notarykit sign'"),
        (["sign", "b", "-d=2"], "'2' is neither true nor false for the flag -d of 'notarykit sign'"),
        (["sign", "b", "--no-debug"], "unknown flag '--no-debug' for 'notarykit sign': did you mean '--debug'?"),
        (["sign"], f"missing reference to the artifact: {SEE_SIGN}"),
        (["logout", "a:1", "c:2"], "unexpected argument 'c:2' for 'notarykit logout': see 'notarykit logout --help'"),
        (
            ["login", "a:1", "--", "-c"],
            "unexpected argument '-c' for 'notarykit login': see 'notarykit login --help'",
        ),
        (["version", "now"], "unexpected argument 'now' for 'notarykit version': see 'notarykit version --help'"),
        (["key", "add"], "missing key name: see 'notarykit key add --help'"),
        (["key", "add", "a"], 'required flag(s) "id", "plugin" not set'),
        (["cert", "add", "a.pem"], 'required flag(s) "store", "type" not set'),
        (["policy", "init"], 'required flag(s) "name", "trust-store", "trusted-identity" not set'),
        (["completion", "tcsh"], "shell 'tcsh' is not supported: use bash, zsh or fish"),
    ],
)
def test_unknown_words_bring_suggestions(world: World, arguments: list[str], message: str) -> None:
    """Commands, flags and arguments that are unknown, missing or too many."""
    assert world.refused(2, *arguments) == message


@pytest.mark.parametrize("command", ["sign", "verify", "list", "inspect"])
@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("hello:v1", "reference {!r} is malformed"),
        ("registry.example/a", "reference {!r} has neither tag nor digest"),
        ("registry.example/a:-", "reference {!r} has a malformed tag"),
        ("registry.example/a@sha256:0", "reference {!r}: digest 'sha256:0' does not have 64"),
        ("registry.example/a@md5:0", "reference {!r}: digest 'md5:0' is not of sha256, sha384 or sha512"),
        ("", "reference {!r} is malformed"),
    ],
)
def test_malformed_reference_is_refused(world: World, command: str, reference: str, message: str) -> None:
    """A malformed reference is refused before any request to a registry."""
    assert world.refused(2, command, reference).startswith(message.format(reference))


def test_file_is_for_the_commands_on_blobs(world: World) -> None:
    """The advice on what is no reference, and names a file, is the group for files; for a folder it is another."""
    (world.folder / "release.tar").write_bytes(b"a release")
    advice = "the file of this name is for 'notarykit blob'"
    assert world.refused(2, "sign", "release.tar") == f"reference 'release.tar' is malformed: {advice}"
    assert world.refused(2, "verify", "./release.tar").endswith(advice)
    (world.folder / "releases").mkdir()
    assert advice not in world.refused(2, "sign", "releases")


@pytest.mark.parametrize(
    "command", [("sign", "--oci-layout"), VERIFY, ("list", "--oci-layout")], ids=lambda each: each[0]
)
@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("hello", f"layout reference 'hello' has neither tag nor digest: {LAYOUT_FORM}"),
        ("a:b/hello", f"layout reference 'a:b/hello' has neither tag nor digest: {LAYOUT_FORM}"),
        ("hello:", f"layout reference 'hello:' has an empty tag: {LAYOUT_FORM}"),
        (":v1", f"layout reference ':v1' has no path: {LAYOUT_FORM}"),
        (
            "hello@sha256:0",
            "reference 'hello@sha256:0': digest 'sha256:0' does not have 64 lower-case hexadecimal digits",
        ),
    ],
)
def test_malformed_layout_reference_is_refused(
    world: World, command: tuple[str, ...], reference: str, message: str
) -> None:
    """A layout's reference needs a path and a tag or a digest."""
    assert world.refused(2, *command, reference) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("24", "invalid duration '24' of --expiry: add the unit, such as 24s or 24d"),
        ("-1h", "invalid duration '-1h' of --expiry: durations cannot be negative"),
        ("1h 2m", f"invalid duration '1h 2m' of --expiry: {DURATION_FORM}"),
        ("", f"invalid duration '' of --expiry: {DURATION_FORM}"),
        ("1.5s", "--expiry '1.5s' must be a whole number of seconds"),
        ("1500ms", "--expiry '1500ms' must be a whole number of seconds"),
        ("1h1ns", "--expiry '1h1ns' must be a whole number of seconds"),
        ("999999999h", "--expiry '999999999h' is longer than 292 years"),
    ],
)
def test_malformed_duration_is_refused(world: World, text: str, message: str) -> None:
    """An expiry is whole seconds, within what other tools can count."""
    assert world.refused(2, "sign", "--oci-layout", f"--expiry={text}", world.reference) == message


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("a", "could not parse flag --user-metadata: not of the form key=value"),
        ("a=", "could not parse flag --user-metadata: a value is empty"),
        ("=b", "could not parse flag --user-metadata: not of the form key=value"),
        ("", "could not parse flag --user-metadata: not of the form key=value"),
        (
            "io.cncf.notary.x=1",
            "user metadata key 'io.cncf.notary.x' starts with the reserved prefix 'io.cncf.notary'",
        ),
        ("io.cncf.notaryx=1", "user metadata key 'io.cncf.notaryx' starts with the reserved prefix 'io.cncf.notary'"),
        ("a=\udcff", "user metadata is not UTF-8"),
    ],
)
def test_malformed_metadata_is_refused(world: World, pair: str, message: str) -> None:
    """Metadata is pairs of key and value, in text, outside of what the specification reserves."""
    assert world.refused(2, "sign", "--oci-layout", "-m", pair, world.reference) == message
    assert world.did("list", "--oci-layout", world.reference).endswith(" has no associated signature\n")


def test_repeated_metadata_key_is_refused(world: World) -> None:
    """Two values for one key are refused, since only one of them could be signed."""
    error = world.refused(2, "sign", "--oci-layout", "-m", "a=1", "-m", "a=2", world.reference)
    assert error == "flag --user-metadata has the key 'a' twice"


@pytest.mark.parametrize(("flag", "counts"), [("--timestamp-url", (1, 0)), ("--timestamp-root-cert", (0, 1))])
def test_authority_and_root_belong_together(world: World, flag: str, counts: tuple[int, int]) -> None:
    """An authority without a root, and a root without an authority, are refused before anything is signed."""
    error = world.refused(2, "sign", "--oci-layout", flag, "x", world.reference)
    assert error.startswith(f"{counts[0]} --timestamp-url and {counts[1]} --timestamp-root-cert: use both")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--key", "a", "--id", "b", "--plugin", "c"], "flags --key and --id exclude each other"),
        (["--key", "a", "--plugin", "c"], "flags --key and --plugin exclude each other"),
        (["--id", "a"], "flags --id and --plugin belong together: give both, or --key"),
        (["--plugin", "a"], "flags --id and --plugin belong together: give both, or --key"),
        (["--signature-format", "pgp"], "unrecognized value 'pgp' of --signature-format: use jws or cose"),
        (["-o", "yaml"], "unrecognized value 'yaml' of --output: use text or json or jsonl"),
        (["--debug=maybe"], "'maybe' is neither true nor false for the flag --debug of 'notarykit sign'"),
    ],
)
def test_contradicting_flags_of_sign_are_refused(world: World, flags: list[str], message: str) -> None:
    """Flags of `sign` that exclude each other, belong together, or have no such value."""
    assert world.refused(2, "sign", "--oci-layout", *flags, world.reference) == message


@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5", "", "99999999999", "\u0661"])
def test_limit_of_signatures_is_positive(world: World, limit: str) -> None:
    """The number of signatures to look at is positive."""
    for command in (VERIFY, ("list", "--oci-layout"), ("inspect", "--oci-layout")):
        error = world.refused(2, *command, f"--max-signatures={limit}", world.reference)
        assert error == f"max-signatures value {limit} must be a positive number"


def test_layout_requires_a_scope(world: World) -> None:
    """A layout is verified under a scope that the user names, and a scope goes with nothing else."""
    error = world.refused(2, "verify", "--oci-layout", world.reference)
    assert error == "--oci-layout requires --scope, which selects the trust policy: such as local/hello"
    error = world.refused(2, "verify", "--scope", "local/a", "registry.example/a:v1")
    assert error == "--scope requires --oci-layout"
    for scope in ("local", "local/UPPER", "local/a:v1", "*", "-/a"):
        error = world.refused(2, "verify", "--oci-layout", "--scope", scope, world.reference)
        assert error == f"scope {scope!r} is not of the form registry/repository: such as local/hello"


@pytest.mark.parametrize("secret", ["hunter2", "aHVudGVyMg=", "=aHVudGVyMg"])
def test_plugin_configuration_is_not_shown(secret: str, world: World) -> None:
    """What is no pair may be a secret by itself, with the padding of base64 too, and no error shows it."""
    error = world.refused(2, "sign", "--oci-layout", "--plugin-config", secret, world.reference)
    assert error.startswith("could not parse flag --plugin-config")
    assert secret.strip("=") not in error
