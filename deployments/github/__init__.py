"""The way in from GitHub: deliveries are received, kept, and turned into flow runs.

`receiver` authenticates a delivery, has `events` decide what it asks for, has `inbox` keep it, and answers.
`dispatch` takes what waits there and starts Prefect's flow runs; `sweep` asks GitHub for what never arrived. Nothing
here decides about infrastructure: that is the business of the flows that are started.
"""
