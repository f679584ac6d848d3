"""What the product says on GitHub, and what it asks there: one module a thing that GitHub has.

`client` is the only module that sends anything; the others know one resource each (`comments`, `statuses`,
`check_runs`, `deployments`, `permissions`, `pulls`, `issues`) or are pure (`text`, `lines`, `commands`). GitHub being
down never decides about an environment: reports go through `best_effort`.
"""
