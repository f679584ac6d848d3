# FlowMart's own values. To use this folder for yourself, change them, and the backend in versions.tf.

account_id = "111111111111"

environments = {
  shared     = "111111111111"
  dev        = "222222222222"
  staging    = "333333333333"
  production = "444444444444"
}

github_repository = "flowmart/infrastructure"

domain = "flowmart.example"

records = {
  certificate_authority = {
    name   = ""
    type   = "CAA"
    ttl    = 3600
    values = ["0 issue \"amazon.com\""]
  }
  mail_sender_policy = {
    name   = ""
    type   = "TXT"
    ttl    = 3600
    values = ["v=spf1 -all"]
  }
  mail_rejection_policy = {
    name   = "_dmarc"
    type   = "TXT"
    ttl    = 3600
    values = ["v=DMARC1; p=reject"]
  }
}

repositories = ["storefront", "catalog", "cart", "orders", "payments", "probe", "fluent-bit"]
