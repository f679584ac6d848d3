"""Records which rights FlowMart's two identities use in a cluster.

On a cluster of the sandbox the platform's overlay, charts and monitoring are planned, applied, checked, upgraded,
broken, rolled back and removed, with helm 3 and 4, by the accounts that plan and apply. A test holds the access
rules to what was recorded: they give no less, and no more.
"""
