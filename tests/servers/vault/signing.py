"""What the tests do with the plugin: sign as a host does, and see what it refuses."""

from notarykit.keys.signature import check
from notarykit.keys.spec import KEY_SPECS
from notarykit.plugin import DescribeKeyRequest, GenerateSignatureRequest, PluginError, Provider
from notarykit_hashicorp_vault.plugin import HashiCorpVaultPlugin
from tests.support.ca import TestChain

MESSAGE = b"a message"


def sign(plugin: Provider, key_id: str, chain: TestChain, **config: str) -> None:
    """Has a key described and sign, and checks both against the chain that it must have."""
    described = plugin.describe_key(DescribeKeyRequest(key_id, config))
    assert (described.key_id, described.key_spec) == (key_id, chain.spec)
    generate(plugin, key_id, chain, **config)


def generate(plugin: Provider, key_id: str, chain: TestChain, **config: str) -> None:
    """Has a key sign, and checks the answer against the chain that it must have."""
    spec = KEY_SPECS[chain.spec]
    answer = plugin.generate_signature(GenerateSignatureRequest(key_id, spec.name, spec.hash_name, MESSAGE, config))
    assert answer.certificate_chain == chain.ders
    assert (answer.key_id, answer.signing_algorithm) == (key_id, spec.signing_algorithm)
    check(chain.leaf_key.public_key(), spec, answer.signature, MESSAGE)


def refusal(key_id: str, plugin: Provider | None = None, /, **config: str) -> PluginError:
    """The error with which a key is refused."""
    try:
        (plugin or HashiCorpVaultPlugin()).describe_key(DescribeKeyRequest(key_id, config))
    except PluginError as error:
        return error
    raise AssertionError(f"{key_id} is not refused")
