"""What a trust policy means and what comes of it, told to people and compared with what they expect.

Nothing here decides: that is for `trust/` and `verification/`, which know nothing of this room.
"""
