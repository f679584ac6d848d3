"""Units that are worked on elsewhere: each call of an engine is a job of a Prefect work pool.

    the run that holds the claim                 the store                    a job, on any machine
    PooledEngine.apply(plan) ── request.json ──▶ jobs/<environment>/<job>/ ──▶ begins it once: begun.json
                                                                              plans again, compares, applies
                             ◀── answer.json ──                          ◀──  what it came to

`desk` is what both sides write there, `records` what is written; `engine` and `waiting` are the side of the run,
which keeps the order, the gate and the ledger as without a pool; `work` is the side of the job. The pool itself is
handed in (`pool`): Prefect only brings a job to a machine and says when it is gone. Whether a job has begun, and what
it came to, is in the store alone.
"""
