# A unit that is protected holds what cannot be made again: nothing of it is deleted or replaced without an override.
package flowmart.protected

import rego.v1

verbs := {"delete": "delete it", "replace": "delete it and create it again"}

deny contains {"address": change.address, "message": message} if {
	input.unit.protected
	some change in input.changes
	verb := verbs[change.action]
	message := concat("", [
		"would ", verb, why(change), ", and unit ", input.unit.name, " is protected. ",
		"Keep it, or add an override with an expiry to infrastructure/overrides.yaml",
	])
}

# Allowed, since the unit keeps its data; said, since the next plan could then delete it.
warn contains {"address": change.address, "message": message} if {
	input.unit.protected
	some change in input.changes
	change.action == "update"
	change.before.deletion_protection == true
	change.after.deletion_protection == false
	message := "would switch its deletion protection off"
}

why(change) := "" if count(change.because) == 0

why(change) := concat("", [" because of ", concat(", ", change.because)]) if count(change.because) > 0
