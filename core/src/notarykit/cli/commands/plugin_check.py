"""`notarykit plugin test` and `doctor`: whether a plugin is right, and what keeps it from signing."""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from notarykit.cli.options import Flag, Options
from notarykit.cli.output import listing
from notarykit.cli.references import OUTPUT_FLAG, print_json
from notarykit.cli.spinner import steps
from notarykit.errors import NotarykitError, PluginError, UsageError
from notarykit.plugin.names import check_name

if TYPE_CHECKING:
    from notarykit.plugin.conformance.report import Judgement
    from notarykit.plugin.diagnosis import Finding

KEY_FLAGS = (
    Flag(
        "key", "name of a key on the list of signing keys, with its plugin and settings; excludes --key-id", short="k"
    ),
    Flag("plugin-config", "{key}={value} pair that is passed as it is to the plugin", "texts"),
    OUTPUT_FLAG,
)


class _Asked(NamedTuple):
    """A plugin, the keys that it is looked at with, and its settings."""

    name: str
    key_ids: tuple[str, ...]
    config: Mapping[str, str]


def _asked(options: Options) -> _Asked:
    """What the command line names: a plugin with key ids, or a key of the list, which has them all.

    Raises:
        UsageError: It names nothing, or two things.
        SigningKeyError: The key is not on the list.
    """
    options.exclusive("key", "key-id")
    name, config = next(iter(options.arguments), ""), options.pairs("plugin-config")
    if not options["key"]:
        if not name:
            raise UsageError("missing plugin name", advice="name a plugin, or a key of its with --key")
        key_ids = options["key-id"] if isinstance(options["key-id"], list) else filter(None, [options["key-id"]])
        return _Asked(name, tuple(key_ids), config)
    from notarykit.config.signing_keys import load_signing_keys

    key = load_signing_keys().get(options["key"])
    if not key.plugin:  # what signs with files by itself has a plugin that does the same
        own = {"certificate_chain": key.cert_path}
        key = key._replace(plugin="local-file", id=key.key_path, plugin_config=own)
    if name not in ("", key.plugin):
        raise UsageError(f"signing key {key.name!r} is of the plugin {key.plugin!r}, not of {name!r}")
    return _Asked(key.plugin, (key.id,), {**key.plugin_config, **config})


def judge(options: Options) -> int:
    """Prints what each rule of the plugin specification finds, failures first."""
    from notarykit.plugin.conformance.report import Result
    from notarykit.plugin.conformance.report import judge as judged
    from notarykit.plugin.conformance.rules import RULES
    from notarykit.plugin.conformance.session import NO_KEY
    from notarykit.plugin.conformance.target import Subject

    missing = [name for name in options["secret-env"] if not os.environ.get(name)]
    if missing:
        raise UsageError(f"${missing[0]} is not set", advice="--secret-env names a variable that holds a secret")
    asked = _asked(options)
    subject = Subject(
        asked.name,
        asked.key_ids,
        asked.config,
        tuple(os.environ[name] for name in options["secret-env"]),
        options["max-signatures"],
        seconds=options["plugin-timeout"],
    )
    with steps() as say:
        found = judged(subject, lambda rule: say(f"{RULES.index(rule) + 1} of {len(RULES)}: {rule.id}"))
    counts = {str(result): sum(each.result is result for each in found) for result in Result}
    if options["output"] == "json":
        print_json({"plugin": asked.name, "rules": [_rule_json(each) for each in found]})
    else:
        print(listing([(("RESULT", "LEVEL"), ("RULE",)), *_rule_rows(found)]), end="")
        print("\n" + ", ".join(f"{count} {result}" for result, count in counts.items() if count))
    if any(each.reason == NO_KEY for each in found):
        print("Warning: the plugin signs, but without --key or --key-id nothing of that was tested", file=sys.stderr)
    return PluginError.exit_code if counts[Result.FAILED] else 0


def _rule_json(found: "Judgement") -> dict[str, str]:
    rule = found.rule
    return {
        "rule": rule.id,
        "level": str(rule.level),
        "section": rule.section,
        "text": " ".join(rule.text.split()),
        "result": str(found.result),
        "reason": found.reason,
    }


def _rule_rows(found: "list[Judgement]") -> Iterator[tuple[tuple[str, str], tuple[str, ...]]]:
    """What went wrong first, with what is demanded where; of everything else, the reason why it was not looked at."""
    from notarykit.plugin.conformance.report import Result

    order = (Result.FAILED, Result.WARNING, Result.NOT_RUN, Result.PASSED, Result.DOES_NOT_APPLY)
    for each in sorted(found, key=lambda each: order.index(each.result)):
        is_wrong = each.result in (Result.FAILED, Result.WARNING)
        demanded = f"{' '.join(each.rule.text.split())} (see: {each.rule.section})" if is_wrong else ""
        yield (str(each.result), str(each.rule.level)), (each.rule.id, each.reason, demanded)


def diagnose(options: Options) -> int:
    """Prints what is found on the way to a signature, failures first."""
    from notarykit.plugin.diagnosis import FAILED, WARNING

    asked = _asked(options)
    found: list[Finding] = []
    with steps() as say:
        say(f"looking at {asked.name}")
        for each in _unbroken(_findings(asked)):
            found.append(each)
            say(f"{each.step}: {each.result}")
    if options["output"] == "json":
        print_json({"plugin": asked.name, "findings": [each._asdict() for each in found]})
    else:
        ordered = sorted(found, key=lambda each: {FAILED: 0, WARNING: 1}.get(each.result, 2))
        rows = [((each.result, each.step), (each.detail, each.advice)) for each in ordered]
        print(listing([(("RESULT", "STEP"), ("FOUND, AND WHAT TO DO",)), *rows]), end="")
    return PluginError.exit_code if any(each.result == FAILED for each in found) else 0


def _unbroken(findings: "Iterator[Finding]") -> "Iterator[Finding]":
    """The findings; what ends them is one. The text of an accident is not shown, since it may hold a secret.

    Raises:
        NotarykitError: The plugin refuses before it has found anything.
    """
    from notarykit.plugin.diagnosis import FAILED, Finding, failure

    has_found = False
    try:
        for each in findings:
            has_found = True
            yield each
    except NotarykitError as error:
        if not has_found:
            raise
        yield failure("stopped", error)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a plugin raises is one of its faults
        yield Finding(
            "stopped", FAILED, f"the plugin failed with {type(error).__name__}", "see 'notarykit plugin test'"
        )


def _findings(asked: _Asked) -> "Iterator[Finding]":
    """What a package's plugin finds in its own way, and any other by what the protocol has."""
    from notarykit.plugin.base import Plugin
    from notarykit.plugin.discovery.entry_points import packaged_plugin
    from notarykit.plugin.discovery.locate import load_plugin
    from notarykit.plugin.host.trial import walk

    key_id = next(iter(asked.key_ids), None)
    package = packaged_plugin(check_name(asked.name))
    plugin = package.load() if package else load_plugin(asked.name)
    return plugin.diagnose(key_id, asked.config) if isinstance(plugin, Plugin) else walk(plugin, key_id, asked.config)
