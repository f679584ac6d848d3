"""The memory: objects in a store, the chained entries of each environment, and what they add up to.

`store` keeps named objects in a folder or an S3 bucket, `chain` writes and reads the hash-chained entries, `state`
folds them into an environment's state, and `history` answers questions about what happened.
"""
