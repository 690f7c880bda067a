"""`notarykit bundle inspect`."""

from notarykit.bundle.reading import open_bundle
from notarykit.cli.bundles import BUNDLE, description, nodes
from notarykit.cli.options import Command, Options
from notarykit.cli.output import OUTPUT_FLAG, print_json, tree


def _run(options: Options) -> int:
    bundle = open_bundle(options.arguments[0])
    if options["output"] == "json":
        print_json({"bundle": bundle.name, **description(bundle)})
    else:
        print(tree(nodes(bundle)), end="")
    return 0


COMMAND = Command(
    "[flags] <file>",
    "Show what a bundle contains, and until when each part holds. Nothing that is shown has been verified.",
    _run,
    (OUTPUT_FLAG,),
    arguments=BUNDLE,
    examples=(("Show what a bundle contains", "notarykit bundle inspect hello.tar"),),
)
