module "bucket" {
  source = "git::https://github.com/terraform-aws-modules/terraform-aws-s3-bucket?ref=v5.15.4"

  bucket                                = "public-modules-${var.account}"
  force_destroy                         = true
  acl                                   = "private"
  control_object_ownership              = true
  object_ownership                      = "BucketOwnerPreferred"
  attach_deny_insecure_transport_policy = true

  versioning = { enabled = true }
  website    = { index_document = "index.html", error_document = "error.html" }

  server_side_encryption_configuration = {
    rule = { apply_server_side_encryption_by_default = { sse_algorithm = "AES256" } }
  }
  cors_rule = [{ allowed_methods = ["GET"], allowed_origins = ["https://shop.example"] }]
  lifecycle_rule = [{
    id                            = "old"
    enabled                       = true
    noncurrent_version_expiration = { days = 30 }
  }]

  tags = { Version = "VERSION" }
}

output "id" {
  value = module.bucket.s3_bucket_id
}
