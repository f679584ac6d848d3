locals {
  accounts = sort(distinct(values(var.environments)))

  # What a bucket allows beyond its own account, by purpose. The others allow nothing.
  bucket_grants = {
    artifacts = [{
      Sid       = "EnvironmentsRead"
      Effect    = "Allow"
      Principal = { AWS = [for account in local.accounts : "arn:aws:iam::${account}:root"] }
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::${aws_s3_bucket.this["artifacts"].bucket}/*"
    }]

    # A load balancer writes below the ID of its own account only, so the paths say whose may write.
    # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    logs = [{
      Sid       = "LoadBalancersWrite"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = [for account in local.accounts : "arn:aws:s3:::${aws_s3_bucket.this["logs"].bucket}/*/AWSLogs/${account}/*"]
    }]
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${each.value.bucket}", "arn:aws:s3:::${each.value.bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [for grant in try(local.bucket_grants[each.key], []) : grant],
    )
  })

  # S3 answers one change of a bucket's access at a time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}
