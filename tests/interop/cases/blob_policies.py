"""Trust policy documents for blobs: one good statement, and what can be different about it."""

import json
from typing import Any

WABBIT = "x509.subject: C=US, ST=WA, O=wabbit-networks.io"
ACME = "x509.subject: C=US, ST=WA, O=acme-rockets.io"
GOOD: dict[str, Any] = {
    "name": "wabbit",
    "signatureVerification": {"level": "strict"},
    "trustStores": ["ca:wabbit"],
    "trustedIdentities": [WABBIT],
}
GLOBAL = GOOD | {"name": "all", "globalPolicy": True}
SKIP: dict[str, Any] = {"name": "none", "signatureVerification": {"level": "skip"}}
ABSENT = object()


def document(*statements: Any, **members: Any) -> bytes:
    """A document of version 1.0 with these statements and, in place of its own or beside them, these members."""
    whole = {"version": "1.0", "trustPolicies": list(statements), **members}
    return json.dumps({name: value for name, value in whole.items() if value is not ABSENT}).encode()


def changed(**members: Any) -> bytes:
    """A document whose one statement is the good one with these members in place of its own or beside them."""
    return document({name: value for name, value in {**GOOD, **members}.items() if value is not ABSENT})


def verifying(**members: Any) -> bytes:
    """A document whose one statement verifies as these members say."""
    return changed(signatureVerification=members)


def overriding(**overrides: Any) -> bytes:
    """A document whose one statement overrides the level strict."""
    return verifying(level="strict", override=overrides)


def identified(*identities: Any) -> bytes:
    """A document whose one statement trusts these identities."""
    return changed(trustedIdentities=list(identities))


def stored(*stores: Any) -> bytes:
    """A document whose one statement trusts these stores."""
    return changed(trustStores=list(stores))


def replaced(old: str, new: str, content: bytes | None = None) -> bytes:
    """A document, the good one where none is given, with a piece of its text replaced."""
    text = (content or document(GOOD)).decode()
    assert text.count(old) == 1, (old, text)
    return text.replace(old, new).encode("utf-8", "surrogateescape")


CASES: dict[str, bytes] = {
    "a statement": document(GOOD),
    "the global statement": document(GLOBAL),
    "statements of all kinds": document(GOOD, SKIP, GLOBAL),
    # The document.
    "nothing": b"",
    "blanks": b"  \n",
    "no JSON": b"version: 1.0",
    "a text": b'"1.0"',
    "a list": b"[]",
    "null": b"null",
    "an empty object": b"{}",
    "cut off": document(GOOD)[:-1],
    "text behind it": document(GOOD) + b"x",
    "another document behind it": document(GOOD) + document(GLOBAL),
    "blanks around it": b" \r\n\t" + document(GOOD) + b"\n\n",
    "a byte order mark": b"\xef\xbb\xbf" + document(GOOD),
    "UTF-16": document(GOOD).decode().encode("utf-16"),
    "a comment": replaced('{"version"', '{/* all */"version"'),
    "a comma too many": replaced('"1.0",', '"1.0",,'),
    "a comma at the end": document(GOOD)[:-1] + b",}",
    "single quotes": document(GOOD).replace(b'"', b"'"),
    "a member twice": replaced('{"version"', '{"version": "1.0", "version"'),
    "statements twice": replaced('"trustPolicies"', '"trustPolicies": [], "trustPolicies"'),
    "a member of the document in another case": replaced('"version"', '"Version"'),
    "statements in another case": replaced('"trustPolicies"', '"TrustPolicies"'),
    "a member more": document(GOOD, comment="ours"),
    "deep": document(GOOD, comment=json.loads("[" * 300 + "]" * 300)),
    # The version.
    "no version": document(GOOD, version=ABSENT),
    "the version null": document(GOOD, version=None),
    "the version empty": document(GOOD, version=""),
    "version 1.1": document(GOOD, version="1.1"),
    "version 1": document(GOOD, version="1"),
    "version of a number": document(GOOD, version=1.0),
    "version with a blank": document(GOOD, version="1.0 "),
    # Statements.
    "no statements": document(trustPolicies=ABSENT),
    "statements null": document(trustPolicies=None),
    "statements empty": document(),
    "statements no list": document(trustPolicies=GOOD),
    "a statement null": document(None),
    "a statement null beside another": document(GOOD, None),
    "a statement that is a text": document("strict"),
    "a hundred statements": document(*(GOOD | {"name": f"{number}"} for number in range(100))),
    # Names.
    "no name": changed(name=ABSENT),
    "name null": changed(name=None),
    "name empty": changed(name=""),
    "name of a blank": changed(name=" "),
    "name of a number": changed(name=1),
    "name in other letters": changed(name="Grüße <&> 世界"),
    "name with a line end": changed(name="a\nb"),
    "name with an escaped surrogate": replaced('"wabbit"', r'"\ud800"'),
    "name with a pair of surrogates": replaced('"wabbit"', r'"\ud83d\ude00"'),
    "name that is not UTF-8": replaced('"wabbit"', '"\udcff"'),
    "name with a control character": replaced('"wabbit"', '"a\x01b"'),
    "name that is long": changed(name="x" * 100_000),
    "names that are the same": document(GOOD, GOOD),
    "names that differ in case": document(GOOD, GOOD | {"name": "Wabbit"}),
    "names that differ in a blank": document(GOOD, GOOD | {"name": "wabbit "}),
    # The global statement.
    "not global": changed(globalPolicy=False),
    "global null": changed(globalPolicy=None),
    "global as a text": changed(globalPolicy="true"),
    "global as a number": changed(globalPolicy=1),
    "global in another case": changed(GlobalPolicy=True),
    "global twice": replaced('{"name"', '{"globalPolicy": true, "globalPolicy": false, "name"'),
    "two that are global": document(GLOBAL, GLOBAL | {"name": "again"}),
    "global of each level": document(GLOBAL | {"signatureVerification": {"level": "audit"}}),
    "global of the level skip": document(SKIP | {"globalPolicy": True}),
    "global of the level skip beside another": document(GOOD, SKIP | {"globalPolicy": True}),
    "not global of the level skip": document(SKIP | {"globalPolicy": False}),
    # What else a statement has.
    "scopes of registries": changed(registryScopes=["*"]),
    "scopes of registries, empty": changed(registryScopes=[]),
    "scopes of registries, null": changed(registryScopes=None),
    "a member more in a statement": changed(comment="ours"),
    "a member of a statement twice": replaced('{"name"', '{"trustStores": ["ca:other"], "name"'),
    "a member of a statement in another case": replaced('"trustStores"', '"TRUSTSTORES"'),
    # Levels.
    **{f"level {level}": verifying(level=level) for level in ("strict", "permissive", "audit")},
    "level skip": document(SKIP),
    "level skip, lists null": document(SKIP | {"trustStores": None, "trustedIdentities": None}),
    "level skip, lists empty": document(SKIP | {"trustStores": [], "trustedIdentities": []}),
    "level skip with stores": document(SKIP | {"trustStores": ["ca:wabbit"]}),
    "level skip with identities": document(SKIP | {"trustedIdentities": ["*"]}),
    "level skip with a timestamp's option": document(
        SKIP | {"signatureVerification": {"level": "skip", "verifyTimestamp": "always"}}
    ),
    "no verification": changed(signatureVerification=ABSENT),
    "verification null": changed(signatureVerification=None),
    "verification as a text": changed(signatureVerification="strict"),
    "no level": verifying(),
    "level null": verifying(level=None),
    "level empty": verifying(level=""),
    "level unknown": verifying(level="lenient"),
    "level in capitals": verifying(level="Strict"),
    "level with a blank": verifying(level="strict "),
    "level custom": verifying(level="custom"),
    "level twice": replaced('{"level"', '{"level": "audit", "level"'),
    "level's name in another case": verifying(Level="strict"),
    "a member more in the verification": verifying(level="strict", comment="ours"),
    # Overrides.
    "overrides null": verifying(level="strict", override=None),
    "overrides empty": verifying(level="strict", override={}),
    "overrides no object": verifying(level="strict", override=["expiry"]),
    **{
        f"{kind} overridden: {action}": overriding(**{kind: action})
        for kind in ("integrity", "authenticity", "authenticTimestamp", "expiry", "revocation")
        for action in ("enforce", "log", "skip")
    },
    "all overridden": overriding(authenticity="log", authenticTimestamp="log", expiry="log", revocation="skip"),
    "override of audit": verifying(level="audit", override={"authenticity": "enforce", "expiry": "enforce"}),
    "override of skip": document(
        SKIP | {"signatureVerification": {"level": "skip", "override": {"expiry": "log"}}}
    ),
    "override of skip, empty": document(SKIP | {"signatureVerification": {"level": "skip", "override": {}}}),
    "override unknown": overriding(identity="log"),
    "override in another case": overriding(Expiry="log"),
    "override by something unknown": overriding(expiry="warn"),
    "override in capitals": overriding(expiry="LOG"),
    "override by nothing": overriding(expiry=""),
    "override by null": overriding(expiry=None),
    "override by a number": overriding(expiry=0),
    "override twice": replaced('"strict"', '"strict", "override": {"expiry": "enforce", "expiry": "log"}'),
    # Timestamps.
    **{
        f"timestamps: {option}": verifying(level="strict", verifyTimestamp=option)
        for option in ("always", "afterCertExpiry", "never", "Always", "", None, True)
    },
    # Stores.
    **{f"store {store}": stored(store) for store in ("ca:a", "signingAuthority:a", "tsa:a", "ca:A_b-c.1", "ca:...")},
    **{
        f"store {store!r}": stored(store)
        for store in (
            "", "ca", "ca:", ":a", "ca:a:b", "CA:a", "x509:a", "ca:a/b", "ca:a b", "ca: a", " ca:a", "ca:a\n", "ca:ä",
            "ca:.", "ca:..", "ca:../a", "ca:a\\b", "ca:*", "*", None, 1,
        )
    },
    "no stores": changed(trustStores=ABSENT),
    "stores null": changed(trustStores=None),
    "stores empty": stored(),
    "stores no list": changed(trustStores="ca:a"),
    "stores of all types": stored("ca:a", "signingAuthority:a", "tsa:a"),
    "a store twice": stored("ca:a", "ca:a"),
    "a good store and a bad one": stored("ca:a", "ca:a/b"),
    # Identities.
    "no identities": changed(trustedIdentities=ABSENT),
    "identities null": changed(trustedIdentities=None),
    "identities empty": identified(),
    "identities no list": changed(trustedIdentities="*"),
    "any identity": identified("*"),
    "any identity and another": identified("*", WABBIT),
    "any identity twice": identified("*", "*"),
    "two identities": identified(WABBIT, ACME),
    "an identity twice": identified(WABBIT, WABBIT),
    "identities that overlap": identified(WABBIT, WABBIT + ", CN=a"),
    "identities that overlap, in any order": identified("x509.subject:CN=a,ST=b,O=c,C=d", "x509.subject:C=d,ST=b,O=c"),
    **{
        f"identity {identity!r}": identified(identity)
        for identity in (
            "", " ", "**", " *", "wabbit", "x509.subject", "x509.subject:", "x509.subject: ", "X509.subject: C=US",
            "x509.subject:C=US,ST=WA,O=b", "x509.subject: C=US; ST=WA; O=b", "x509.subject: C=US, S=WA, O=b",
            "x509.subject: C=US, ST=WA", "x509.subject: C=US, O=b", "x509.subject: ST=WA, O=b",
            "x509.subject: C=US, ST=WA, O=b, X=y", "x509.subject: C=US, ST=WA, O=b, 1.2.3=y",
            "x509.subject: C=US, ST=WA, O=", "x509.subject: C=US, ST=WA, O=b, CN=", "x509.subject: C=US, ST=WA, O=b,",
            "x509.subject: C=US, ST=WA, O=b, O=c", "x509.subject: C=US, ST=WA, O=b, OU=c, OU=d",
            "x509.subject: c=US, st=WA, o=b", "x509.subject: C=US, ST=WA, O=b+CN=c", "x509.subject: C=US, ST=WA, O",
            r"x509.subject: C=US, ST=WA, O=a\, b", r"x509.subject: C=US, ST=WA, O=a\20b",
            r"x509.subject: C=US, ST=WA, O=a\x", "x509.subject: C=US, ST=WA, O=#04024869",
            "x509.subject: C=US, ST=WA, O=b, CN=世界", 'x509.subject: C=US, ST=WA, O="b"',
            "x509.subject: C = US , ST = WA , O = b", "example.id: anything", "example.id:", ":a", None, 1,
        )
    },
}  # fmt: skip
"""Documents by what is special about them."""
