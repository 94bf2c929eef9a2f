# What would be made, by a provider that asks AWS nothing. tests/deploy/test_terraform.py looks at the plan.

mock_provider "aws" {
  source = "../../mocks"
}

mock_provider "aws" {
  alias  = "replica"
  source = "../../mocks"
}

variables {
  repository          = "example/gazette"
  admin_role_arns     = ["arn:aws:iam::123456789012:role/operations"]
  bucket_prefix       = "example-gazette"
  domain              = "gazette.example.gov"
  zone_id             = "Z0123456789ABC"
  cdn_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
  origin = {
    target_name    = "lb-1.eu-west-2.elb.amazonaws.com"
    target_zone_id = "ZHURV8PSTC4K8"
    health_name    = "primary.origin.gazette.example.gov"
  }
  standby_origin = {
    target_name    = "lb-2.eu-west-1.elb.amazonaws.com"
    target_zone_id = "Z32O12XQLNTSW2"
    health_name    = "standby.origin.gazette.example.gov"
  }
}

run "plan" {
  command = plan
}

run "apply" {
  command = apply

  assert {
    condition     = output.gazette.cluster_name == "gazette-staging"
    error_message = "the cluster is called after its environment"
  }

  assert {
    condition     = startswith(output.gazette.settings.REDIS_URL, "rediss://")
    error_message = "Redis is reached over TLS"
  }
}

run "a_copy_in_the_same_region_is_none" {
  command = plan
  variables {
    replica_region = "eu-west-2"
  }
  expect_failures = [var.replica_region]
}
