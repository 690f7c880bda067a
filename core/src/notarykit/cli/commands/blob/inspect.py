"""`notarykit blob inspect`."""

from notarykit.batch.work import Work
from notarykit.blob.signature_file import read_signature
from notarykit.cli.batch.items import Items
from notarykit.cli.batch.operation import Operation, Result
from notarykit.cli.batch.runner import run_each
from notarykit.cli.blobs import SignaturePath
from notarykit.cli.options import ANY_NUMBER, Arguments, Command, Options
from notarykit.cli.output import RESULTS_FLAG, tree
from notarykit.cli.signature_description import Described, content_nodes, describe
from notarykit.envelope.parsing import parse_envelope
from notarykit.envelope.unverified import LARGEST_ENVELOPE


class _InspectionWork(Work[SignaturePath, Described, Described]):
    """Describes a signature."""

    def begin(self, item: SignaturePath) -> Described:
        signature = read_signature(item.text, LARGEST_ENVELOPE)
        envelope = parse_envelope(signature.envelope, signature.media_type)
        return {"signatureEnvelopeType": signature.media_type, **describe(envelope)}


class _Inspection(Operation[SignaturePath]):
    """Inspects signatures of blobs."""

    command = "blob inspect"
    noun = "signature"
    activity = "Inspecting"
    has_document = True

    def __init__(self, options: Options) -> None:
        super().__init__(options, Items(options, SignaturePath, "path of a signature"))
        self.work = _InspectionWork()

    def report(self, item: SignaturePath, outcome: Described) -> Result:
        if self.options["output"] == "tree":
            nodes = [
                (f"signature algorithm: {outcome['signatureAlgorithm']}", []),
                (f"signature envelope type: {outcome['signatureEnvelopeType']}", []),
                *content_nodes(outcome),
            ]
            print(tree((item.text, nodes)), end="")
        return Result(0, outcome, outcome)


def _run(options: Options) -> int:
    return run_each(_Inspection(options))


COMMAND = Command(
    "[flags] <signature_path>...",
    "Inspect a signature associated with a blob. Nothing that is shown has been verified.",
    _run,
    (
        RESULTS_FLAG._replace(
            help="output format: tree, json, or jsonl, a line of JSON for each signature",
            default="tree",
            choices=("tree", "json", "jsonl"),
        ),
    ),
    arguments=Arguments(1, ANY_NUMBER, "missing signature path"),
    examples=(
        ("Inspect a signature", "notarykit blob inspect blob.cose.sig"),
        ("Inspect a signature and output as JSON", "notarykit blob inspect -o json blob.cose.sig"),
    ),
)
