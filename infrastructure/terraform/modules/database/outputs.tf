output "db_instance_identifier" {
  description = "Identifier of the database instance; the name under which CloudWatch knows it."
  value       = aws_db_instance.this.identifier
}

output "db_instance_arn" {
  description = "ARN of the database instance."
  value       = aws_db_instance.this.arn
}

output "endpoint" {
  description = "Host name of the database, without the port."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "TCP port of the database."
  value       = aws_db_instance.this.port
}

output "database_name" {
  description = "Name of the first database in the instance."
  value       = aws_db_instance.this.db_name
}

output "master_user_secret_arn" {
  description = "ARN of the secret that holds the master user's name and password. The secret itself is never an output."
  value       = one(aws_db_instance.this.master_user_secret[*].secret_arn)
}

output "kms_key_arn" {
  description = "ARN of the key that encrypts database, secret and carts; readers of the secret and the carts need it."
  value       = aws_kms_key.this.arn
}

output "carts_table_name" {
  description = "Name of the DynamoDB table of carts."
  value       = aws_dynamodb_table.carts.name
}

output "carts_table_arn" {
  description = "ARN of the DynamoDB table of carts."
  value       = aws_dynamodb_table.carts.arn
}
