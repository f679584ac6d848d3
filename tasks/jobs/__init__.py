"""Work on units on other machines: each call of an engine is a job of a Prefect work pool.

    the run that holds the claim                 the store                    a job, on any machine
    PooledEngine.apply(plan) ── request.json ──▶ jobs/<environment>/<job>/ ──▶ starts it at most once: begun.json
                                                                              plans again, compares, applies
                             ◀── answer.json ──                          ◀──  the result

`records` defines the files that both sides exchange, and `desk` reads and writes them in the store. `engine` and
`waiting` are the run's side, which keeps the order, the gate and the ledger as without a pool. `work` is the job's
side. The pool itself is passed in (`pool`): Prefect only brings a job to a machine and says when it has ended. Only
the store knows whether a job has started, and its result.
"""
