# Cost reports, drift hunting and cleaning up all ask "whose is this?": the tags answer.
package flowmart.mandatory_tags

import rego.v1

# The value that a tag must have, or "" where any value will do.
mandatory := {
	"Project": "",
	"Environment": input.environment,
	"Unit": input.unit.name,
	"ManagedBy": "",
}

opaque := {"(known after apply)", "(sensitive value)", "(sensitive value, changed)"}

# No tags_all: the object cannot have tags. Unknown or masked: nobody can tell.
tags(change) := found if {
	change.kind != "aws_autoscaling_group"
	found := object.get(change, ["after", "tags_all"], "")
	is_object(found)
}

tags(change) := {} if {
	change.kind != "aws_autoscaling_group"
	object.get(change, ["after", "tags_all"], "") == null
}

# An auto scaling group is left out by the provider's default_tags: it has `tag` blocks of its own.
tags(change) := {tag.key: tag.value | some tag in change.after.tag} if {
	change.kind == "aws_autoscaling_group"
	is_array(change.after.tag)
	every tag in change.after.tag {
		is_object(tag)
	}
}

tags(change) := {} if {
	change.kind == "aws_autoscaling_group"
	object.get(change, ["after", "tag"], null) == null
}

deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	count(missing(tags(change))) > 0
	message := concat("", ["lacks the mandatory tags ", concat(", ", sort(missing(tags(change)))), ". ", remedy(change)])
}

deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	some name, right in mandatory
	right != ""
	found := tags(change)[name]
	not blank(found)
	not found in opaque
	found != right
	message := concat("", ["has the tag ", name, " = ", sprintf("%v", [found]), ", which should be ", right, ". ", remedy(change)])
}

missing(found) := {name |
	some name in object.keys(mandatory)
	blank(object.get(found, name, ""))
}

remedy(change) := "Set them in its tag blocks" if change.kind == "aws_autoscaling_group"

remedy(change) := "Set them under Tags in parameters/<environment>.yaml" if startswith(change.kind, "AWS::")

remedy(change) := "Set them in the provider's default_tags" if {
	change.kind != "aws_autoscaling_group"
	not startswith(change.kind, "AWS::")
}

blank(value) if value in {"", null}
