"""Writes every run's log to files: each line is a document of the Elastic Common Schema (ECS), for any shipper.

    event -> documents (ECS, masked) -> handler (a queue) -> files (one a process) -> a shipper
                                                                └ reading: `flowmart logs`

Logging must not block, slow or decide a promotion: a line that cannot be written is counted and dropped. Only the
standard library is imported here, because every command may log.
"""
