"""Manages releases: the content of infrastructure/, identified by its digest and archived in the store.

    repository -> commits -> contents -> portability -> archives | records | requests -> stored -> releases

`repository` reads git, `commits` turns a commit into files, `contents` computes the digest. `archives`, `records` and
`requests` are the objects that the store holds for a release; `stored` checks that they match. `releases` is the
interface for other packages. `names` resolves what a person types, `unit_digests` decides what a promotion touches.
"""
