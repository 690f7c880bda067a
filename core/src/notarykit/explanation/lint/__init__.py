"""Linter for trust policies: what is well formed and does not do what its writer most likely wants.

Trust store and trust policy specification, "Trust Policy Properties", "Signature Verification details", "Timestamp
Countersignature Verification details", "Trusted Identities Constraints". What is against a rule, parsing refuses.
"""
