"""Every run's log in files: a line is a document of the Elastic Common Schema (ECS), which any shipper can read.

    event -> documents (ECS, masked) -> handler (a queue) -> files (one a process) -> a shipper
                                                                └ reading: `flowmart logs`

Nothing here may block, slow or decide a promotion: a line that cannot be written is counted, and left out. Nothing
here imports more than the standard library, since every command may log.
"""
