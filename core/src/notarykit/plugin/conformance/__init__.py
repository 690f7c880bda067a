"""The conformance kit: judges a plugin, in Python or any other language, by the plugin specification.

A plugin's own tests are a subclass with one method:

    from notarykit.plugin.conformance import PluginConformance, Target

    class TestConformance(PluginConformance):
        def target(self) -> Target:
            return Target("my-kms", key_ids=("alias/build",))

For the other tests of a provider, `self_signed` makes a code signing certificate for a key, named by `default_subject`.
The command line has the same as `notarykit plugin test`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from notarykit.keys.issue import default_subject, self_signed
    from notarykit.plugin.conformance.pytest_suite import PluginConformance
    from notarykit.plugin.conformance.report import Judgement, Result, judge
    from notarykit.plugin.conformance.rule import Level, Rule
    from notarykit.plugin.conformance.target import Target

_HOMES = {
    "keys.issue": ("default_subject", "self_signed"),
    "plugin.conformance.pytest_suite": ("PluginConformance",),
    "plugin.conformance.report": ("Judgement", "Result", "judge"),
    "plugin.conformance.rule": ("Level", "Rule"),
    "plugin.conformance.target": ("Target",),
}

__all__ = [
    "Judgement",
    "Level",
    "PluginConformance",
    "Result",
    "Rule",
    "Target",
    "default_subject",
    "judge",
    "self_signed",
]


def __getattr__(name: str) -> object:
    from notarykit._internal.lazy import find

    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
