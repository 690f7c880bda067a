"""`notarykit plugin test` and `doctor`: whether a plugin is right, and what keeps it from signing."""

import os
import sys

from notarykit.cli.options import Options
from notarykit.cli.target import print_json
from notarykit.cli.text import table
from notarykit.errors import PluginError, PluginNotFoundError, UsageError
from notarykit.plugin.finding.names import check_name


def judge(options: Options) -> int:
    """Prints what each rule of the plugin specification finds."""
    from notarykit.plugin.testing.examination import NO_KEY
    from notarykit.plugin.testing.judging import Result
    from notarykit.plugin.testing.judging import judge as judged
    from notarykit.plugin.testing.subject import Subject

    missing = [name for name in options["secret-env"] if not os.environ.get(name)]
    if missing:
        raise UsageError(f"${missing[0]} is not set", advice="--secret-env names a variable that holds a secret")
    subject = Subject(
        options.arguments[0],
        tuple(options["key-id"]),
        options.pairs("plugin-config"),
        tuple(os.environ[name] for name in options["secret-env"]),
        options["max-signatures"],
        seconds=options["plugin-timeout"],
    )
    found = judged(subject)  # nothing is shown meanwhile: the plugin may be asking for a PIN
    rows = [(each.rule.id, each.rule.level, each.result, each.rule.section, each.reason) for each in found]
    print(table([("RULE", "LEVEL", "RESULT", "SECTION", "REASON"), *rows]), end="")
    if any(each.reason == NO_KEY for each in found):
        print("Warning: the plugin signs, but without --key-id nothing of that was tested", file=sys.stderr)
    counts = {result: sum(each.result is result for each in found) for result in Result}
    print("\n" + ", ".join(f"{count} {result}" for result, count in counts.items() if count))
    return PluginError.exit_code if counts[Result.FAILED] else 0


def diagnose(options: Options) -> int:
    """Prints what a plugin finds on the way to a signature."""
    from notarykit.plugin.diagnosis import FAILED
    from notarykit.plugin.finding.packages import STAND_INS, packaged_plugin

    name = options.arguments[0]
    package = packaged_plugin(check_name(name)) or packaged_plugin(name, STAND_INS)
    if package is None:
        raise PluginNotFoundError(
            f"no installed package announces the plugin {name!r}", advice="only plugins in packages have a doctor"
        )
    found = list(package.load().diagnose(options["key-id"], options.pairs("plugin-config")))
    if options["output"] == "json":
        print_json({"plugin": name, "findings": [each._asdict() for each in found]})
    else:
        rows = [("STEP", "RESULT", "FOUND", "WHAT TO DO"), *found]
        print(table(rows), end="")
    return PluginError.exit_code if any(each.result == FAILED for each in found) else 0
