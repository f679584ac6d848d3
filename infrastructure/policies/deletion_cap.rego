# A plan that deletes a lot is more often a mistake in a name, a loop or a moved folder than an intention.
# A rollback deletes what the failed promotion made: that is what it is for.
package flowmart.deletion_cap

import rego.v1

lost contains change.address if {
	some change in input.changes
	change.action in {"delete", "replace"}
}

# About the plan as a whole: no address.
deny contains {"address": "", "message": message} if {
	input.purpose == "promote"
	count(lost) > input.limits.deletions
	message := concat("", [
		sprintf("would delete or replace %d objects, and at most %d may be", [count(lost), input.limits.deletions]),
		" in one plan: ", concat(", ", sort(lost)), ". Promote in smaller releases, ",
		"raise deletions in infrastructure/policies/limits.yaml, or add an override",
	])
}
