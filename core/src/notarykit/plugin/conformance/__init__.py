"""The conformance kit: judges a plugin, in Python or any other language, by the plugin specification.

A plugin's own tests are a subclass with one method:

    from notarykit.plugin.conformance import PluginConformance, Target

    class TestConformance(PluginConformance):
        def target(self) -> Target:
            return Target("my-kms", key_ids=("alias/build",))

The command line has the same as `notarykit plugin test`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from notarykit.plugin.conformance.pytest_suite import PluginConformance
    from notarykit.plugin.conformance.report import Judgement, Result, judge
    from notarykit.plugin.conformance.rule import Level, Rule
    from notarykit.plugin.conformance.target import Target

_HOMES = {
    "plugin.conformance.pytest_suite": ("PluginConformance",),
    "plugin.conformance.report": ("Judgement", "Result", "judge"),
    "plugin.conformance.rule": ("Level", "Rule"),
    "plugin.conformance.target": ("Target",),
}

__all__ = ["Judgement", "Level", "PluginConformance", "Result", "Rule", "Target", "judge"]


def __getattr__(name: str) -> object:
    from notarykit._internal.lazy import find

    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
