"""Functions that most programs need: they take what is signed or verified, and the rest from the user's settings.

They use the same trust policy, trust stores, signing keys, plugins and credentials as the command line; each of these
can be replaced by an object of the program's own.
"""
