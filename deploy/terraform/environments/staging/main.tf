module "gazette" {
  source    = "../../modules/stack"
  providers = { aws = aws, aws.replica = aws.replica }

  environment         = "staging"
  region              = var.region
  repository          = var.repository
  admin_role_arns     = var.admin_role_arns
  api_cidrs           = var.api_cidrs
  bucket_prefix       = var.bucket_prefix
  zone_id             = var.zone_id
  public_name         = "api.${var.domain}"
  origin_name         = "origin.${var.domain}"
  cdn_certificate_arn = var.cdn_certificate_arn
  origin              = var.origin
  standby_origin      = var.standby_origin

  cidr               = "10.20.0.0/16"
  is_redundant       = false
  node_types         = ["m7i.large", "m6i.large"]
  nodes              = { min = 2, max = 4 }
  database_class     = "db.t4g.medium"
  database_gib       = 50
  cache_type         = "cache.t4g.small"
  backup_days        = 7
  locked_backup_days = 1
}
