resource "aws_s3_bucket" "this" {
  bucket        = "every-type-${data.aws_caller_identity.me.account_id}"
  force_destroy = true
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = local.second ? "Suspended" : "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = local.second

    apply_server_side_encryption_by_default {
      sse_algorithm     = local.second ? "aws:kms" : "AES256"
      kms_master_key_id = local.second ? aws_kms_key.this.arn : null
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = local.second
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = local.word
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["${aws_s3_bucket.this.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = local.second ? "BucketOwnerPreferred" : "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    id     = "everything"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = local.second ? 60 : 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  dynamic "rule" {
    for_each = local.second ? [] : [1]

    content {
      id     = "logs"
      status = "Enabled"

      filter {
        prefix = "logs/"
      }

      transition {
        days          = 30
        storage_class = "STANDARD_IA"
      }

      expiration {
        days = 90
      }
    }
  }
}

resource "aws_ecr_repository" "this" {
  name                 = "shop/web"
  image_tag_mutability = local.second ? "IMMUTABLE" : "MUTABLE"

  image_scanning_configuration {
    scan_on_push = local.second
  }

  encryption_configuration {
    encryption_type = "KMS"
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name

  policy = jsonencode({
    rules = [{
      rulePriority = 1
      description  = local.word
      selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      action       = { type = "expire" }
    }]
  })
}

resource "aws_route53_zone" "this" {
  name    = "shop.example"
  comment = local.word
}

resource "aws_route53_record" "text" {
  zone_id = aws_route53_zone.this.zone_id
  name    = "txt"
  type    = "TXT"
  ttl     = local.second ? 60 : 300
  records = ["v=spf1 -all", local.word]
}

resource "aws_route53_record" "alias" {
  zone_id = aws_route53_zone.this.zone_id
  name    = "www.shop.example"
  type    = "A"

  alias {
    name                   = aws_lb.this.dns_name
    zone_id                = aws_lb.this.zone_id
    evaluate_target_health = local.second
  }
}

resource "aws_route53_record" "weighted" {
  for_each = { a = "192.0.2.1", b = "192.0.2.2" }

  zone_id        = aws_route53_zone.this.zone_id
  name           = "w.shop.example"
  type           = "A"
  ttl            = 60
  records        = [each.value]
  set_identifier = each.key

  weighted_routing_policy {
    weight = local.second ? 5 : 10
  }
}

data "aws_canonical_user_id" "me" {}

resource "aws_s3_bucket" "site" {
  bucket        = "site-${var.account}"
  force_destroy = true
  tags          = { Owner = data.aws_canonical_user_id.me.id }
}

resource "aws_s3_bucket_acl" "this" {
  bucket = aws_s3_bucket.site.id
  acl    = local.second ? "public-read" : "private"
}

resource "aws_s3_bucket_cors_configuration" "this" {
  bucket = aws_s3_bucket.site.id

  cors_rule {
    allowed_methods = local.second ? ["GET", "PUT"] : ["GET"]
    allowed_origins = ["https://shop.example"]
    max_age_seconds = 3000
  }

  cors_rule {
    allowed_headers = ["*"]
    allowed_methods = ["POST"]
    allowed_origins = ["https://admin.example"]
    expose_headers  = ["ETag"]
  }
}

resource "aws_s3_bucket" "logs" {
  bucket        = "logs-${var.account}"
  force_destroy = true
}

resource "aws_s3_bucket_acl" "logs" {
  bucket = aws_s3_bucket.logs.id
  acl    = "log-delivery-write"
}

resource "aws_s3_bucket_logging" "this" {
  bucket        = aws_s3_bucket.site.id
  target_bucket = aws_s3_bucket_acl.logs.bucket
  target_prefix = "${local.word}/"
}

resource "aws_s3_bucket_website_configuration" "this" {
  bucket = aws_s3_bucket.site.id

  index_document {
    suffix = local.second ? "start.html" : "index.html"
  }

  error_document {
    key = "error.html"
  }
}

resource "aws_s3_bucket_website_configuration" "elsewhere" {
  bucket = aws_s3_bucket.logs.id

  redirect_all_requests_to {
    host_name = "shop.example"
    protocol  = local.second ? "http" : "https"
  }
}

resource "aws_ssm_parameter" "secret" {
  name  = "/shop/secret"
  type  = "SecureString"
  value = local.word
}

resource "aws_ssm_parameter" "shown" {
  name            = local.third ? "/shop/shown-again" : "/shop/shown"
  type            = "StringList"
  insecure_value  = "${local.word},two"
  description     = local.word
  allowed_pattern = "^[a-z,]+$"
}
