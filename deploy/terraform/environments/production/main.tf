module "gazette" {
  source    = "../../modules/stack"
  providers = { aws = aws, aws.replica = aws.replica }

  environment         = "production"
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

  cidr               = "10.10.0.0/16"
  is_redundant       = true
  node_types         = ["m7i.xlarge", "m6i.xlarge"]
  nodes              = { min = 3, max = 9 }
  database_class     = "db.r7g.large"
  database_gib       = 200
  cache_type         = "cache.r7g.large"
  backup_days        = 35
  locked_backup_days = 30
}
