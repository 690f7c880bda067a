"""`notarykit certificate`: attach, generate, issue, lint, request: certificates for keys that stay in their service."""

import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from notarykit._internal import files
from notarykit._internal.printable import printable
from notarykit._internal.rfc3339 import utc_now
from notarykit.cli.options import Arguments, Command, Flag, Options
from notarykit.cli.output import table
from notarykit.cli.signing_key import SIGNING_KEY_FLAGS, passphrase_of, selected_key
from notarykit.config.key_access import attach_chain, open_key
from notarykit.config.signing_keys import SigningKey
from notarykit.errors import CertificateError, UsageError
from notarykit.keys.key_files import read_file
from notarykit.keys.pem import read_certificates

if TYPE_CHECKING:
    from cryptography import x509

_NINETY_DAYS, _TEN_YEARS = timedelta(days=90), timedelta(days=3650)


def _request(options: Options) -> int:
    """Writes a certificate request (PKCS #10) that the key signs."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from notarykit.keys.issue import make_csr

    subject = _subject(options)
    _check_output(options)
    request = make_csr(_open(options, selected_key(options)), subject)
    _write(options, request.public_bytes(Encoding.PEM))
    return 0


def _generate(options: Options) -> int:
    """Writes a self-signed certificate of the key."""
    from notarykit.keys.chain import check_chain
    from notarykit.keys.issue import self_signed

    subject = _subject(options)
    _check_output(options)
    validity = _validity(options, _TEN_YEARS if options["ca"] else _NINETY_DAYS)
    certificate = self_signed(_open(options, selected_key(options)), subject, utc_now(), validity, is_ca=options["ca"])
    if not options["ca"]:
        check_chain([_der(certificate)])
    _write(options, _pem([certificate]))
    return 0


def _issue(options: Options) -> int:
    """Issues a certificate for a request with a CA's key and writes its chain."""
    from cryptography import x509

    from notarykit.keys.certificate import load_certificate, subject_of
    from notarykit.keys.chain import check_chain
    from notarykit.keys.issue import issue

    path = options.arguments[0]
    _check_output(options)
    try:
        request = x509.load_pem_x509_csr(read_file(path, "request"))
    except (ValueError, TypeError, x509.InvalidVersion):
        raise CertificateError(f"{path} is not a certificate request in PEM", rule="request") from None
    key = selected_key(options)
    ca_path = options["ca-cert"] or key.cert_path or key.plugin_config.get("certificate_chain", "")
    if not ca_path:
        raise UsageError("the CA's certificate is unknown", advice="name its file with --ca-cert")
    authorities = [load_certificate(der) for der in read_certificates(read_file(ca_path, "CA certificate"), ca_path)]
    now = utc_now()
    validity = _validity(options, min(_NINETY_DAYS, authorities[0].not_valid_after_utc - now))
    certificate = issue(request, _open(options, key), authorities[0], now, validity)
    chain = [certificate, *authorities]
    check_chain([_der(member) for member in chain])
    _write(options, _pem(chain))
    if options["output"]:
        print(f"issued to {printable(subject_of(certificate))}")
    return 0


def _attach(options: Options) -> int:
    """Stores a chain with the key's provider, or beside the key's settings."""
    from notarykit.keys.certificate import load_certificate
    from notarykit.keys.chain import build_chain, check_chain

    path = options.arguments[0]
    key = selected_key(options)
    public_key = _open(options, key).public_key()
    certificates = read_certificates(read_file(path, "certificate chain"), path)
    chain = check_chain(build_chain(public_key, certificates)).ders
    pem = _pem([load_certificate(der) for der in chain])
    location = attach_chain(key, options.pairs("plugin-config"), chain, pem)
    print(f"Attached a chain of {len(chain)} to {printable(key.name or key.id)}: {printable(location)}")
    return 0


def _lint(options: Options) -> int:
    """Prints every requirement that the certificates in a file violate."""
    from notarykit.keys.certificate import load_certificate
    from notarykit.keys.extensions import is_ca_certificate
    from notarykit.keys.lint import lint

    path = options.arguments[0]
    ders = read_certificates(read_file(path, "certificate"), path)
    findings = lint(ders, "timestamping" if options["purpose"] == "timestamping" else "code signing")
    if len(ders) == 1 and is_ca_certificate(load_certificate(ders[0])):
        print(
            "Checked as a CA certificate, which cannot sign artifacts (that requires CA:FALSE and digitalSignature)",
            file=sys.stderr,
        )
    if not findings:
        print(f"{printable(path)}: no requirement is violated")
        return 0
    rows = [(finding.certificate, finding.field, finding.problem, finding.fix) for finding in findings]
    print(table([("CERTIFICATE", "FIELD", "PROBLEM", "FIX"), *rows]), end="")
    return CertificateError.exit_code


def _validity(options: Options, usual: timedelta) -> timedelta:
    if options["validity"] == 0:
        raise UsageError("--validity must be longer than zero", advice="such as --validity 30d")
    return usual if options["validity"] is None else timedelta(seconds=options["validity"])


def _open(options: Options, key: SigningKey) -> Any:
    return open_key(key, options.pairs("plugin-config"), passphrase_of(key))


def _subject(options: Options) -> "x509.Name":
    from notarykit.keys.issue import make_name
    from notarykit.trust.identity import missing_of_identity, parse_name

    options.required("subject")
    try:
        attributes = parse_name(options["subject"])
    except ValueError as error:
        raise UsageError(f"--subject: {error}", advice='write it as "CN=build, O=ACME, ST=WA, C=US"') from None
    if missing := missing_of_identity(attributes):
        print(f"Warning: without {missing}, no x509.subject of a trust policy can match this subject", file=sys.stderr)
    return make_name(attributes)


def _der(certificate: "x509.Certificate") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return certificate.public_bytes(Encoding.DER)


def _pem(certificates: "list[x509.Certificate]") -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def _check_output(options: Options) -> None:
    """Refuses an existing file, which may be a key, before anything is signed."""
    path = options["output"]
    if path and os.path.lexists(path):
        raise UsageError(f"{path} already exists", advice="name another file with --output, or remove this one")
    if path and not os.path.isdir(os.path.dirname(path) or "."):
        raise UsageError(f"the directory of {path} does not exist", advice="check the path")


def _write(options: Options, content: bytes) -> None:
    if options["output"]:
        files.write(options["output"], content)
        print(f"wrote {printable(options['output'])}")
    else:
        print(content.decode("ascii"), end="")


_SUBJECT = Flag("subject", 'the subject, such as "CN=build, O=ACME, ST=WA, C=US"')
_OUTPUT = Flag("output", "output file (default standard output)", short="o")
_VALIDITY = Flag(
    "validity", "validity period, such as 30d or 2160h (default 90 days, for a CA's root 10 years)", "duration"
)

COMMANDS = {
    "attach": Command(
        "[flags] <chain_path>",
        "Store an issued chain with the key's provider, or beside the key's settings",
        _attach,
        SIGNING_KEY_FLAGS,
        arguments=Arguments(1, 1, "missing path of the certificate chain"),
        examples=(("Use a chain that a CA has issued", "notarykit certificate attach --key build chain.pem"),),
    ),
    "generate": Command(
        "--subject <subject> [flags]",
        "Create a self-signed certificate for a signing key",
        _generate,
        (*SIGNING_KEY_FLAGS, _SUBJECT, _OUTPUT, _VALIDITY, Flag("ca", "create a CA's root certificate", "switch")),
        examples=(
            (
                "Create a code signing certificate for a key in a KMS",
                'notarykit certificate generate --key build --subject "CN=build, O=ACME, ST=WA, C=US" -o build.pem',
            ),
        ),
    ),
    "issue": Command(
        "[flags] <request_path>",
        "Issue a code signing certificate for a request, with a CA key of any provider",
        _issue,
        (
            *SIGNING_KEY_FLAGS,
            Flag("ca-cert", "file of the CA's certificate and its issuers, in PEM"),
            _OUTPUT,
            _VALIDITY,
        ),
        arguments=Arguments(1, 1, "missing path of the certificate request"),
        examples=(
            ("Issue with the CA key `root`", "notarykit certificate issue --key root --ca-cert root.pem build.csr"),
        ),
    ),
    "lint": Command(
        "[flags] <cert_path>",
        "List every requirement that a certificate or chain violates",
        _lint,
        (
            Flag(
                "purpose",
                'purpose of the chain, "code-signing" or "timestamping"',
                default="code-signing",
                choices=("code-signing", "timestamping"),
            ),
        ),
        arguments=Arguments(1, 1, "missing certificate path"),
    ),
    "request": Command(
        "--subject <subject> [flags]",
        "Create a certificate request (PKCS#10) signed by a signing key, which stays in its service",
        _request,
        (*SIGNING_KEY_FLAGS, _SUBJECT, _OUTPUT),
        examples=(
            (
                "Ask a CA for a certificate",
                'notarykit certificate request --key build --subject "CN=build, O=ACME, ST=WA, C=US" -o build.csr',
            ),
        ),
    ),
}
