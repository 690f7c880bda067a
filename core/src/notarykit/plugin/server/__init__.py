"""Server side of the plugin contract: a Python plugin as an executable."""
