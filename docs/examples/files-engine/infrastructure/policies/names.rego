package flowmart.names

import rego.v1

deny contains {"address": change.address, "message": "no private keys in public folders"} if {
    some change in input.changes
    endswith(change.address, ".key")
}
