"""PINs: where they come from, and how a person is asked for one."""
