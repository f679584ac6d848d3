"""A real OpenSearch, assembled with Maven from the jars that its project publishes under Apache-2.0.

make peers-opensearch
python -m deployments.peers.opensearch up FOLDER

`building` builds the programs, once for each content of `java/`. `node` starts and stops one node. It has no
security, no index state management and no dashboards, because their plugins are not published as jars.
"""

from deployments.peers.opensearch.building import VERSION, build, found
from deployments.peers.opensearch.node import Node, NotStarted

__all__ = ["VERSION", "Node", "NotStarted", "build", "found"]
