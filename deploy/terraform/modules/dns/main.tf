# The API's name: it leads to the primary place while that is healthy, and to the standby otherwise.

resource "aws_route53_health_check" "primary" {
  fqdn              = var.primary.health_name
  type              = "HTTPS"
  port              = 443
  resource_path     = "/health"
  request_interval  = 10
  failure_threshold = 3
  enable_sni        = true
  measure_latency   = true
  tags              = { Name = "${var.name} primary" }
}

resource "aws_route53_health_check" "standby" {
  count             = var.standby == null ? 0 : 1
  fqdn              = var.standby.health_name
  type              = "HTTPS"
  port              = 443
  resource_path     = "/health"
  request_interval  = 30
  failure_threshold = 3
  enable_sni        = true
  tags              = { Name = "${var.name} standby" }
}

resource "aws_route53_record" "primary" {
  for_each        = toset(["A", "AAAA"])
  zone_id         = var.zone_id
  name            = var.name
  type            = each.key
  set_identifier  = "primary"
  health_check_id = aws_route53_health_check.primary.id
  failover_routing_policy {
    type = "PRIMARY"
  }
  alias {
    name                   = var.primary.target_name
    zone_id                = var.primary.target_zone_id
    evaluate_target_health = true
  }
}

resource "aws_route53_record" "standby" {
  for_each        = var.standby == null ? toset([]) : toset(["A", "AAAA"])
  zone_id         = var.zone_id
  name            = var.name
  type            = each.key
  set_identifier  = "standby"
  health_check_id = aws_route53_health_check.standby[0].id
  failover_routing_policy {
    type = "SECONDARY"
  }
  alias {
    name                   = var.standby.target_name
    zone_id                = var.standby.target_zone_id
    evaluate_target_health = true
  }
}

# Only this issuer makes certificates for the name.
resource "aws_route53_record" "issuer" {
  zone_id = var.zone_id
  name    = var.name
  type    = "CAA"
  ttl     = 3600
  records = [for issuer in var.certificate_issuers : "0 issue \"${issuer}\""]
}
