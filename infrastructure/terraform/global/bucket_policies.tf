locals {
  # What a bucket allows beyond its own account, by purpose. The others allow nothing.
  bucket_grants = {
    artifacts = [{
      Sid       = "EnvironmentsRead"
      Effect    = "Allow"
      Principal = { AWS = [for account in sort(distinct(values(var.environments))) : "arn:aws:iam::${account}:root"] }
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::${local.bucket_names["artifacts"]}/*"
    }]

    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    logs = [{
      Sid       = "LoadBalancersWrite"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::${local.bucket_names["logs"]}/*/AWSLogs/*"
      Condition = {
        StringEquals = { "aws:SourceAccount" = sort(distinct(values(var.environments))) }
      }
    }]
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = local.bucket_names

  bucket = each.value

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OnlyEncryptedConnections"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${each.value}", "arn:aws:s3:::${each.value}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for grant in try(local.bucket_grants[each.key], []) : grant],
    )
  })

  # S3 answers one change of a bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
