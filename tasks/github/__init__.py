"""Reports on GitHub and reads from it: one module for each kind of GitHub resource.

`client` is the only module that sends requests. The others handle one resource each (`comments`, `statuses`,
`check_runs`, `deployments`, `permissions`, `pulls`, `issues`) or are pure (`text`, `lines`, `commands`). An outage of
GitHub never decides about an environment: reports go through `best_effort`.
"""
