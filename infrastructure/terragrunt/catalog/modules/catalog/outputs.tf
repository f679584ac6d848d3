output "table_name" {
  description = "Name of the DynamoDB table with the copy of all products."
  value       = aws_dynamodb_table.products.name
}
