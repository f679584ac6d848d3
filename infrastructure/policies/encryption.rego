# What is kept is kept encrypted. Only what a plan can show is asked for; what is known after applying is not denied.
package flowmart.encryption

import rego.v1

opaque := {"(known after apply)", "(sensitive value)", "(sensitive value, changed)"}

# The attribute that says it, where one attribute of the object does.
flags := {
	"aws_db_instance": "storage_encrypted",
	"aws_rds_cluster": "storage_encrypted",
	"aws_ebs_volume": "encrypted",
	"aws_efs_file_system": "encrypted",
}

deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	flag := flags[change.kind]
	off(object.get(change.after, flag, null))
	message := concat("", ["would be stored unencrypted. Set ", flag, " = true"])
}

deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	change.kind == "aws_launch_template"
	some mapping in blocks(change.after, "block_device_mappings")
	some volume in blocks(mapping, "ebs")
	off(object.get(volume, "encrypted", null))
	message := concat("", [
		"would start instances with an unencrypted volume ", sprintf("%v", [object.get(mapping, "device_name", "")]),
		". Set encrypted = true in its ebs block",
	])
}

# DynamoDB always encrypts; without this block under a key that nobody here can audit or revoke.
deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	change.kind == "aws_dynamodb_table"
	not unclear(change.after, "server_side_encryption")
	every block in blocks(change.after, "server_side_encryption") {
		off(object.get(block, "enabled", null))
	}
	message := "would not be encrypted under a KMS key. Add server_side_encryption with enabled = true"
}

deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.kind == "aws_s3_bucket"
	change.action in {"create", "replace"}
	not covered(change)
	message := "would be created without an aws_s3_bucket_server_side_encryption_configuration. Add one for it in the same unit"
}

# SQS encrypts unless it is told not to.
deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	change.kind == "AWS::SQS::Queue"
	object.get(change.after, "SqsManagedSseEnabled", true) in {false, "false"}
	off(object.get(change.after, "KmsMasterKeyId", null))
	message := "would keep its messages unencrypted. Set KmsMasterKeyId, or leave SqsManagedSseEnabled on"
}

# AWS Backup always encrypts; under its own key no other account can ever be given a copy.
deny contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	change.kind == "AWS::Backup::BackupVault"
	off(object.get(change.after, "EncryptionKeyArn", null))
	message := "would not be encrypted under a KMS key of ours. Set EncryptionKeyArn"
}

warn contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	change.kind == "AWS::SNS::Topic"
	off(object.get(change.after, "KmsMasterKeyId", null))
	message := "would keep its messages unencrypted. Set KmsMasterKeyId"
}

warn contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	change.kind == "aws_launch_template"
	not unclear(change.after, "block_device_mappings")
	count(blocks(change.after, "block_device_mappings")) == 0
	message := "names no volumes: whether they are encrypted is up to the image and the account"
}

warn contains {"address": change.address, "message": message} if {
	some change in input.changes
	change.action != "delete"
	change.kind == "aws_sns_topic"
	object.get(change.after, "kms_master_key_id", null) in {null, ""}
	message := "would keep its messages unencrypted. Set kms_master_key_id"
}

off(value) if value in {null, false, "", "false"}

# The blocks of one kind; none where there is something else, such as null or what is not known.
blocks(body, kind) := [block | some block in found; is_object(block)] if {
	found := object.get(body, kind, null)
	is_array(found)
} else := []

# Whether only applying tells all blocks of one kind.
unclear(body, kind) if object.get(body, kind, null) in opaque

unclear(body, kind) if {
	some block in object.get(body, kind, [])
	block in opaque
}

# The buckets that get a configuration in this plan. A name may be known only after applying.
configured contains {"bucket": change.after.bucket, "module": module_of(change.address)} if {
	some change in input.changes
	change.kind == "aws_s3_bucket_server_side_encryption_configuration"
	change.action != "delete"
}

covered(change) if {
	some configuration in configured
	configuration.bucket == change.after.bucket
	not configuration.bucket in opaque
}

covered(change) if {
	some configuration in configured
	configuration.bucket in opaque
	configuration.module == module_of(change.address)
}

module_of(address) := concat(".", regex.find_n(`module\.[^.\[]+(\[[^\]]*\])?`, address, -1))
