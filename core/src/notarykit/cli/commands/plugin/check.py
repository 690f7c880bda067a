"""`notarykit plugin`: test, doctor: conformance, and what prevents a signature."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from notarykit.cli.options import PLUGIN_CONFIG_FLAG, Arguments, Command, Flag, Options
from notarykit.cli.output import OUTPUT_FLAG, listing, print_json
from notarykit.cli.spinner import steps
from notarykit.errors import NotarykitError, PluginError, UsageError
from notarykit.plugin.names import check_name

if TYPE_CHECKING:
    from notarykit.plugin.conformance.report import Judgement
    from notarykit.plugin.diagnosis import Finding

_KEY_FLAGS = (
    Flag(
        "key",
        "name of a key on the list of signing keys, with its plugin and settings; excludes --key-id",
        short="k",
        names="keys",
    ),
    PLUGIN_CONFIG_FLAG,
    OUTPUT_FLAG,
)


class _Selection(NamedTuple):
    """Plugin to examine, with keys and configuration."""

    name: str
    key_ids: tuple[str, ...]
    config: Mapping[str, str]


def _selection(options: Options) -> _Selection:
    """Returns the plugin of the argument with `--key-id`, or that of the key of `--key`.

    Raises:
        UsageError: The command line names no plugin, or two.
        SigningKeyError: The key is not on the list.
    """
    options.exclusive("key", "key-id")
    name, config = next(iter(options.arguments), ""), options.pairs("plugin-config")
    if not options["key"]:
        if not name:
            raise UsageError("missing plugin name", advice="name a plugin, or one of its keys with --key")
        key_ids = options["key-id"] if isinstance(options["key-id"], list) else filter(None, [options["key-id"]])
        return _Selection(name, tuple(key_ids), config)
    from notarykit.config.signing_keys import load_signing_keys

    key = load_signing_keys().get(options["key"])
    if not key.plugin:  # the plugin local-file signs with the same files
        chain = {"certificate_chain": key.cert_path}
        key = key._replace(plugin="local-file", id=key.key_path, plugin_config=chain)
    if name not in ("", key.plugin):
        raise UsageError(f"signing key {key.name!r} is of the plugin {key.plugin!r}, not of {name!r}")
    return _Selection(key.plugin, (key.id,), {**key.plugin_config, **config})


def _test(options: Options) -> int:
    """Prints the result of each rule of the plugin specification, failures first."""
    from notarykit.plugin.conformance.report import Result, judge
    from notarykit.plugin.conformance.rules import RULES
    from notarykit.plugin.conformance.session import NO_KEY
    from notarykit.plugin.conformance.target import Target

    missing = [name for name in options["secret-env"] if not os.environ.get(name)]
    if missing:
        raise UsageError(f"${missing[0]} is not set", advice="--secret-env names a variable that holds a secret")
    selection = _selection(options)
    target = Target(
        selection.name,
        selection.key_ids,
        selection.config,
        tuple(os.environ[name] for name in options["secret-env"]),
        options["max-signatures"],
        seconds=options["plugin-timeout"],
    )
    with steps() as say:
        judgements = judge(target, lambda rule: say(f"{RULES.index(rule) + 1} of {len(RULES)}: {rule.id}"))
    counts = {str(result): sum(judgement.result is result for judgement in judgements) for result in Result}
    if options["output"] == "json":
        print_json({"plugin": selection.name, "rules": [_rule_json(judgement) for judgement in judgements]})
    else:
        print(listing([(("RESULT", "LEVEL"), ("RULE",)), *_rule_rows(judgements)]), end="")
        print("\n" + ", ".join(f"{count} {result}" for result, count in counts.items() if count))
    if any(judgement.reason == NO_KEY for judgement in judgements):
        print("Warning: signing was not tested: no --key or --key-id", file=sys.stderr)
    return PluginError.exit_code if counts[Result.FAILED] else 0


def _rule_json(judgement: "Judgement") -> dict[str, str]:
    rule = judgement.rule
    return {
        "rule": rule.id,
        "level": str(rule.level),
        "section": rule.section,
        "text": " ".join(rule.text.split()),
        "result": str(judgement.result),
        "reason": judgement.reason,
    }


def _rule_rows(judgements: "list[Judgement]") -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """Returns a row per rule, failures first, those with the rule's text and section."""
    from notarykit.plugin.conformance.report import Result

    order = (Result.FAILED, Result.WARNING, Result.NOT_RUN, Result.PASSED, Result.DOES_NOT_APPLY)
    for judgement in sorted(judgements, key=lambda judgement: order.index(judgement.result)):
        rule, is_failure = judgement.rule, judgement.result in (Result.FAILED, Result.WARNING)
        requirement = f"{' '.join(rule.text.split())} (see: {rule.section})" if is_failure else ""
        yield (str(judgement.result), str(rule.level)), (rule.id, judgement.reason, requirement)


def _diagnose(options: Options) -> int:
    """Prints the findings of a walk through a signature's steps, failures first."""
    from notarykit.plugin.diagnosis import FAILED, WARNING

    selection = _selection(options)
    findings: list[Finding] = []
    with steps() as say:
        say(f"examining {selection.name}")
        for finding in _unbroken(_findings(selection)):
            findings.append(finding)
            say(f"{finding.step}: {finding.result}")
    if options["output"] == "json":
        print_json({"plugin": selection.name, "findings": [finding._asdict() for finding in findings]})
    else:
        ordered = sorted(findings, key=lambda finding: {FAILED: 0, WARNING: 1}.get(finding.result, 2))
        rows = [((finding.result, finding.step), (finding.detail, finding.advice)) for finding in ordered]
        print(listing([(("RESULT", "STEP"), ("FINDING AND REMEDY",)), *rows]), end="")
    return PluginError.exit_code if any(finding.result == FAILED for finding in findings) else 0


def _unbroken(findings: "Iterator[Finding]") -> "Iterator[Finding]":
    """Returns the findings, the last for the error that ends them; unexpected errors without their texts.

    Raises:
        NotarykitError: The plugin refuses before its first finding.
    """
    from notarykit.plugin.diagnosis import FAILED, Finding

    has_begun = False
    try:
        for finding in findings:
            has_begun = True
            yield finding
    except NotarykitError as error:
        if not has_begun:
            raise
        yield Finding.of_error("stopped", error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin may raise anything
        yield Finding(
            "stopped", FAILED, f"the plugin failed with {type(error).__name__}", "see 'notarykit plugin test'"
        )


def _findings(selection: _Selection) -> "Iterator[Finding]":
    """Returns the findings of a package's own diagnosis, or of the protocol's commands for other plugins."""
    from notarykit.plugin.discovery.entry_points import packaged_plugin
    from notarykit.plugin.discovery.locate import load_plugin

    key_id = next(iter(selection.key_ids), None)
    package = packaged_plugin(check_name(selection.name))
    plugin = package.load() if package else load_plugin(selection.name)
    return plugin.diagnose(key_id, selection.config)


COMMANDS = {
    "doctor": Command(
        "[flags] <plugin_name | --key name>",
        "Diagnose why a plugin cannot sign",
        _diagnose,
        (*_KEY_FLAGS, Flag("key-id", "key id, in the plugin's own form")),
        arguments=Arguments(0, 1, names="plugins"),
        examples=(
            ("List the keys of a token", "notarykit plugin doctor pkcs11"),
            ("Diagnose a key, with one trial signature", "notarykit plugin doctor --key build"),
            ("Diagnose one key of a token", "notarykit plugin doctor pkcs11 --key-id 'pkcs11:token=YubiKey;id=%02'"),
        ),
    ),
    "test": Command(
        "[flags] <plugin_name | --key name>",
        "Test a plugin against the rules of the plugin specification",
        _test,
        (
            *_KEY_FLAGS,
            Flag("key-id", "key id to test with, in the plugin's own form; repeatable", "texts"),
            Flag("max-signatures", "maximum number of signatures, for keys that require a touch", "number"),
            Flag("plugin-timeout", "time limit for each command, such as 30s or 10m", "duration", default=60),
            Flag("secret-env", "environment variable whose value must not appear in any output; repeatable", "texts"),
        ),
        arguments=Arguments(0, 1, names="plugins"),
        examples=(
            ("Test a plugin that signs", "notarykit plugin test local-file --key-id /path/to/key.pem"),
            (
                "Test that a PIN does not leak",
                "notarykit plugin test my-token --key-id slot-9c --max-signatures 3 --secret-env TOKEN_PIN",
            ),
        ),
    ),
}
