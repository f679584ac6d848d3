"""Generates the documentation of a platform from its code and its ledger. Pages are text only.

`facts` holds the data: units from platform.yaml and their sources (`outputs`, `owners`, `policies`), and the ledger's
releases and times. `gathering` collects it. `markdown` and `eventcatalog` render the pages, with `diagrams` in
Mermaid. `folder` writes them and removes its own outdated pages.

The same code and ledger give the same pages, so a folder under version control changes only when the platform did.
"""

from tasks.documentation.facts import Facts
from tasks.documentation.folder import Written, write
from tasks.documentation.gathering import gather

__all__ = ["Facts", "Written", "gather", "write"]
