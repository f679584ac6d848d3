# Only a load balancer is reachable from everywhere, and only for web traffic.
package flowmart.open_security_groups

import rego.v1

web_ports := {80, 443}

opaque := {"(known after apply)", "(sensitive value)", "(sensitive value, changed)"}

# What lets the whole world in, in one shape wherever it was written. What goes away lets nobody in.
open contains door(change, block, cidr, whose(change)) if {
	some change in input.changes
	change.action != "delete"
	change.kind in {"aws_security_group", "aws_default_security_group"}
	some block in change.after.ingress
	some key in ["cidr_blocks", "ipv6_cidr_blocks"]
	some cidr in block[key]
	everywhere(cidr)
}

open contains door(change, change.after, cidr, whose_rule(change)) if {
	some change in input.changes
	change.action != "delete"
	change.kind == "aws_security_group_rule"
	change.after.type == "ingress"
	some key in ["cidr_blocks", "ipv6_cidr_blocks"]
	some cidr in change.after[key]
	everywhere(cidr)
}

open contains door(change, change.after, cidr, whose_rule(change)) if {
	some change in input.changes
	change.action != "delete"
	change.kind == "aws_vpc_security_group_ingress_rule"
	some key in ["cidr_ipv4", "cidr_ipv6"]
	cidr := change.after[key]
	everywhere(cidr)
}

deny contains {"address": found.address, "message": message} if {
	some found in open
	not web(found)
	not unclear(found)
	message := concat("", [
		"would let ", found.cidr, " in on ", ports(found),
		"; only TCP ports 80 and 443 of a load balancer may be open to the world",
	])
}

deny contains {"address": found.address, "message": message} if {
	some found in open
	web(found)
	found.whose == "another"
	message := concat("", [
		"would let ", found.cidr, " in on ", ports(found),
		", and neither its name nor its tags say that it is a load balancer's",
	])
}

# What cannot be known before applying is said, not denied.
warn contains {"address": found.address, "message": message} if {
	some found in open
	unclear(found)
	message := concat("", ["would let ", found.cidr, " in on a port or protocol that the plan does not tell"])
}

warn contains {"address": found.address, "message": message} if {
	some found in open
	web(found)
	found.whose == "unknown"
	message := concat("", [
		"would let ", found.cidr, " in on ", ports(found),
		", and the plan does not tell whether the group is a load balancer's",
	])
}

door(change, rule, cidr, whose) := {
	"address": change.address,
	"cidr": cidr,
	"from": object.get(rule, "from_port", null),
	"to": object.get(rule, "to_port", null),
	"protocol": sprintf("%v", [object.get(rule, "protocol", object.get(rule, "ip_protocol", null))]),
	"whose": whose,
}

# Half of the internet is as open as all of it. Wider than any private range: 10.0.0.0/8 and fc00::/7.
everywhere(cidr) if {
	is_string(cidr)
	not contains(cidr, ":")
	regex.match(`/[0-7]$`, cidr)
}

everywhere(cidr) if {
	is_string(cidr)
	contains(cidr, ":")
	regex.match(`/[0-6]$`, cidr)
}

web(found) if {
	lower(found.protocol) in {"tcp", "6"}
	found.from == found.to
	found.from in web_ports
}

unclear(found) if found.from in opaque

unclear(found) if found.to in opaque

unclear(found) if found.protocol in opaque

ports(found) := "every port and protocol" if found.protocol in {"-1", "all"}

ports(found) := concat(" ", [found.protocol, "port", sprintf("%v", [found.from])]) if {
	not found.protocol in {"-1", "all"}
	found.from == found.to
}

ports(found) := concat(" ", [found.protocol, "ports", sprintf("%v", [found.from]), "to", sprintf("%v", [found.to])]) if {
	not found.protocol in {"-1", "all"}
	found.from != found.to
}

# A group goes by its names and tags. `name` is unknown where the provider makes it from name_prefix.
whose(change) := "load balancer" if {
	some word in words(change.after)
	says_load_balancer(word)
} else := "unknown" if {
	count(words(change.after)) == 0
} else := "another"

# A rule on its own names its group by id only: an address that says so is believed, its absence proves nothing.
whose_rule(change) := "load balancer" if {
	says_load_balancer(change.address)
} else := "unknown"

words(body) := {word |
	some word in [
		object.get(body, "name", null),
		object.get(body, "name_prefix", null),
		object.get(body, ["tags", "Name"], null),
		object.get(body, ["tags", "Role"], null),
		object.get(body, ["tags_all", "Name"], null),
		object.get(body, ["tags_all", "Role"], null),
	]
	is_string(word)
	not word in opaque
}

says_load_balancer(word) if regex.match(`(^|[^a-z])(load[-_. ]?balancer|[an]?lb)([^a-z]|$)`, lower(word))
