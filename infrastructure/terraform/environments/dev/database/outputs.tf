output "db_instance_identifier" {
  description = "Identifier of the database instance; the name under which CloudWatch knows it."
  value       = module.database.db_instance_identifier
}

output "db_instance_arn" {
  description = "ARN of the database instance."
  value       = module.database.db_instance_arn
}

output "endpoint" {
  description = "Host name of the database, without the port."
  value       = module.database.endpoint
}

output "port" {
  description = "TCP port of the database."
  value       = module.database.port
}

output "database_name" {
  description = "Name of the first database in the instance."
  value       = module.database.database_name
}

output "master_user_secret_arn" {
  description = "ARN of the secret that holds the master user's name and password. The secret itself is never an output."
  value       = module.database.master_user_secret_arn
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts database, secret and carts; readers of the secret and the carts need it."
  value       = module.database.kms_key_arn
}

output "carts_table_name" {
  description = "Name of the DynamoDB table of carts."
  value       = module.database.carts_table_name
}

output "carts_table_arn" {
  description = "ARN of the DynamoDB table of carts."
  value       = module.database.carts_table_arn
}
