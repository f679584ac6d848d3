"""A real Kubernetes control plane on loopback: etcd, kube-apiserver, controller manager, scheduler, kwok.

`programs` builds the binaries with Go, once, into a cache folder. `keys` creates certificates. `control_plane` starts
and stops the processes. There is no kubelet: kwok simulates the nodes. The tag of its image decides what a container
does, with the same tags as in the sandbox (`stages.yaml`).

    make peers-kubernetes
    make test-peers-kubernetes                           # on one that lasts as long as the tests
    python -m deployments.peers.kubernetes up FOLDER     # until Ctrl-C
"""
