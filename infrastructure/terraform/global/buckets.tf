locals {
  # Days after which an object itself expires; null keeps it.
  buckets = {
    artifacts = null
    logs      = var.log_retention_days
    store     = null
  }
}

# artifacts: what builds make. logs: the load balancers' access logs. store: releases, plans and the ledger.
resource "aws_s3_bucket" "this" {
  for_each = local.buckets

  bucket = "flowmart-${each.key}-${var.account_id}"
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

# Amazon's own keys and not KMS: load balancers cannot write their logs to a bucket with any other.
resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = local.buckets[each.key] == null ? [] : [local.buckets[each.key]]

    content {
      id     = "expiry"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  # Rules about old versions mean nothing to a bucket that does not keep them yet.
  depends_on = [aws_s3_bucket_versioning.this]
}
