"""The entry point for GitHub: receives webhook deliveries, stores them, and starts flow runs for them.

`receiver` authenticates a delivery, lets `events` decide what it requests and `inbox` store it, and responds.
`dispatch` takes stored deliveries and starts Prefect's flow runs; `sweep` asks GitHub for missed deliveries.
Decisions about infrastructure are left to the flows.
"""
