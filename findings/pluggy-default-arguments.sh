#!/bin/sh
# pluggy before 1.7 calls a hook's implementation without the arguments that have a default in it.
#
# Seen with pluggy 1.6.0. A hook call with request="the caller's", and an implementation `def describe(self, request="the default")`:
#   1.6.0   the implementation gets "the default", without a warning
#   1.7.0   the implementation gets "the caller's"
# Expected: the caller's value, as every other way to call the method has it. A plugin's `get_metadata(cls, request=NO_CONFIG)` would
# never see its configuration.
#
# Ends with 0 while this is so. Needs python3 with pip, and a package index.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/hook.py" <<'END'
import pluggy

specification, implementation = pluggy.HookspecMarker("x"), pluggy.HookimplMarker("x")


class Specification:
    @specification(firstresult=True)
    def describe(self, request): ...


class Plugin:
    @implementation
    def describe(self, request="the default"):
        return request


manager = pluggy.PluginManager("x")
manager.add_hookspecs(Specification)
manager.register(Plugin())
print(manager.hook.describe(request="the caller's"))
END
python3 -m pip install --quiet --no-deps --target "$folder" pluggy==1.6.0
answer=$(PYTHONPATH="$folder" python3 "$folder/hook.py")
echo "the implementation gets: $answer"
[ "$answer" = "the default" ]
