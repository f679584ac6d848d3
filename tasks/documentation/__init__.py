"""The documentation of a platform, written from its code and its ledger: pages as text, nothing else.

`facts` collects what is known: units from platform.yaml and their sources (`outputs`, `owners`, `policies`), and what
is where since when from the ledger. `markdown` and `eventcatalog` make pages of that, with `diagrams` in Mermaid;
`folder` writes them and removes those that it wrote before and that are no longer wanted. The same code and ledger
give the same pages, so that a folder under version control changes only when something did.
"""

from tasks.documentation.facts import Facts
from tasks.documentation.folder import Written, write
from tasks.documentation.gathering import gather

__all__ = ["Facts", "Written", "gather", "write"]
