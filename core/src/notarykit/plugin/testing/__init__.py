"""The conformance kit: judges a plugin, in Python or any other language, by the plugin specification.

A plugin's own tests are a subclass with one method:

    from notarykit.plugin.testing import PluginConformance, Subject

    class TestConformance(PluginConformance):
        def subject(self) -> Subject:
            return Subject("my-kms", key_ids=("alias/build",))

The command line has the same as `notarykit plugin test`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from notarykit.plugin.testing.conformance import PluginConformance
    from notarykit.plugin.testing.judging import Judgement, Result, judge
    from notarykit.plugin.testing.rule import Level, Rule
    from notarykit.plugin.testing.subject import Subject

_HOMES = {
    "plugin.testing.conformance": ("PluginConformance",),
    "plugin.testing.judging": ("Judgement", "Result", "judge"),
    "plugin.testing.rule": ("Level", "Rule"),
    "plugin.testing.subject": ("Subject",),
}

__all__ = ["Judgement", "Level", "PluginConformance", "Result", "Rule", "Subject", "judge"]


def __getattr__(name: str) -> object:
    from notarykit._internal.lazy import find

    return find(__name__, name, _HOMES, globals())


def __dir__() -> list[str]:
    return __all__
