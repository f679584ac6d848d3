"""The memory: objects in a store, the chained entries of each environment, and what they add up to.

`store` keeps named objects in a folder (`folders`) or an S3 bucket. `entries` is one entry, `reading` reads and
checks a chain, `state` and `folding` are what it adds up to, `snapshots` keep that. `chain` is what others use: it
appends and reads. `auditing` checks everything; `history` and `verifications` answer questions about what happened.
"""
