# The name leads to the primary place while its health check passes, and to the standby otherwise.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name    = "origin.gazette.example.gov"
  zone_id = "Z0123456789ABC"
  primary = { target_name = "lb-1.example.gov", target_zone_id = "Z1", health_name = "primary.example.gov" }
}

run "with_a_standby" {
  command = apply
  variables {
    standby = { target_name = "lb-2.example.gov", target_zone_id = "Z2", health_name = "standby.example.gov" }
  }
  assert {
    condition     = alltrue([for record in aws_route53_record.primary : record.failover_routing_policy[0].type == "PRIMARY" && record.health_check_id == aws_route53_health_check.primary.id])
    error_message = "the primary's records are led by its health check"
  }
  assert {
    condition     = alltrue([for record in aws_route53_record.standby : record.failover_routing_policy[0].type == "SECONDARY"]) && length(aws_route53_record.standby) == 2
    error_message = "the standby has both kinds of addresses"
  }
  assert {
    condition     = aws_route53_health_check.primary.fqdn == "primary.example.gov" && aws_route53_health_check.primary.resource_path == "/health"
    error_message = "the primary is asked itself, not by the name that moves"
  }
}

run "without_one" {
  command = plan
  assert {
    condition     = length(aws_route53_record.standby) == 0 && length(aws_route53_record.primary) == 2
    error_message = "there is nothing to fail over to"
  }
}
