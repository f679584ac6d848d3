"""The ledger: an append-only chain of entries for each environment, and the state computed from it.

    store -> entries -> reading -> folding -> state -> snapshots

`store` keeps named objects in a folder (`folders`) or an S3 bucket. `entries` encodes one entry, `reading` reads and
checks a chain, `folding` computes the `state` from it, and `snapshots` saves states. `chain` is the interface for
other packages: append and read. `auditing` checks everything; `history` and `verifications` answer questions about
the past.
"""
