"""Promotions through a network that loses answers, and through processes that are killed, with the real tools.

`proxy` stands between the tools and the sandbox's APIs; `platform` is a small platform with a unit of four engines;
`promoting` promotes it, recovers, and says what the ledger makes of it. The long runs are benchmarks
(`python -m tests.bench.faults`, `python -m tests.bench.kills`).
"""
