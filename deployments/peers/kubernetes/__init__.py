"""A real Kubernetes control plane on loopback: etcd, kube-apiserver, controller manager, scheduler, and kwok's nodes.

`programs` builds the binaries with Go, once, into a cache folder; `keys` makes certificates; `control_plane` starts
and stops the processes. There is no kubelet: kwok plays the nodes, and what a container does is decided by its
image's tag, with the tags that the sandbox knows (`stages.yaml`).

    make peers-kubernetes
    make test-peers-kubernetes                           # on one that lasts as long as the tests
    python -m deployments.peers.kubernetes up FOLDER     # until Ctrl-C
"""
