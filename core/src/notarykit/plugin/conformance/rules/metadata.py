"""get-plugin-metadata: plugin specification, "Plugin metadata"."""

from notarykit.plugin.conformance.rule import MUST, SHOULD, rule
from notarykit.plugin.conformance.session import DoesNotApply, Session
from notarykit.plugin.host.semver import SemanticVersion
from notarykit.plugin.names import PREFIX
from notarykit.plugin.protocol.fields import CONTRACT_VERSION, Capability, Command

_SECTION = "Plugin metadata"
_TEXTS = ("name", "description", "version", "url")
_LISTS = ("supportedContractVersions", "capabilities")


@rule("metadata.members", MUST, _SECTION)
def members(session: Session) -> str | None:
    """The answer has all six members, none of them empty."""
    response = session.metadata
    if response.failed:
        return str(response)
    for name in _TEXTS:
        if not (isinstance(response.members.get(name), str) and response.members[name]):
            return f"{name!r} is not a string with something in it"
    for name in _LISTS:
        value = response.members.get(name)
        if not (isinstance(value, list) and value and all(isinstance(each, str) for each in value)):
            return f"{name!r} is not a list of strings with something in it"
    return None


@rule("metadata.name", MUST, _SECTION)
def name_fits(session: Session) -> str | None:
    """The name is that of the plugin's folder and executable."""
    found = session.metadata.members.get("name")
    if not found:
        raise DoesNotApply("the metadata has no name")
    wanted = session.target.name
    return None if found == wanted else f"it is {found!r}, but the executable is {PREFIX}{wanted}"


@rule("metadata.contract-version", MUST, _SECTION)
def contract_version(session: Session) -> str | None:
    """The contract version 1.0 is supported, and one version of each major version."""
    found = session.metadata.members.get("supportedContractVersions")
    if not (isinstance(found, list) and found):
        raise DoesNotApply("the metadata has no contract versions")
    if CONTRACT_VERSION not in found:
        return f"{CONTRACT_VERSION} is not among {found}"
    majors = [str(each).partition(".")[0] for each in found]
    return f"{found} has two of one major version" if len(set(majors)) < len(majors) else None


@rule("metadata.capabilities", MUST, _SECTION)
def capabilities(session: Session) -> str | None:
    """Every capability is one of the specification's."""
    unknown = sorted(session.capabilities - set(Capability))
    return f"{unknown[0]!r} is not one of {', '.join(Capability)}" if unknown else None


@rule("metadata.version", SHOULD, 'Verification workflow using plugin, "SemVer"')
def version_can_be_compared(session: Session) -> str | None:
    """The version is a semantic version, without a leading v."""
    found = session.metadata.members.get("version")
    if not (isinstance(found, str) and found):
        raise DoesNotApply("the metadata has no version")
    try:
        SemanticVersion(found)
    except ValueError as error:
        return str(error)
    return None


@rule("metadata.plugin-config", MUST, _SECTION)
def the_same_with_and_without_configuration(session: Session) -> str | None:
    """A plugin says what it is with pluginConfig and without, and nothing but its capabilities depends on it."""
    usual = session.metadata
    config = dict(session.target.plugin_config) or {"notarykitTest": "any setting"}
    requests: tuple[dict[str, object], ...] = ({"pluginConfig": config}, {"pluginConfig": {}}, {})
    for request in requests:
        response = session.ask(Command.GET_METADATA, request)
        if response.failed and not usual.failed:
            return f"{response}, asked with {', '.join(request) or 'nothing'}"
        for name in (*_TEXTS, "supportedContractVersions"):
            if response.members.get(name) != usual.members.get(name):
                return f"{name!r} is once {usual.members.get(name)!r} and once {response.members.get(name)!r}"
    return None
