# All of an environment. The environments differ in their sizes, and in nothing else.

data "aws_caller_identity" "this" {}

data "aws_region" "elsewhere" {
  provider = aws.replica
}

locals {
  name       = "gazette-${var.environment}"
  account_id = data.aws_caller_identity.this.account_id
  # The deployer's role needs the cluster's ARN, and the cluster the role's: so this one is written out.
  cluster_arn = "arn:aws:eks:${var.region}:${local.account_id}:cluster/${local.name}"
}

module "keys" {
  source = "../keys"
  name   = local.name
  region = var.region
}

module "keys_elsewhere" {
  source    = "../keys"
  providers = { aws = aws.replica }
  name      = local.name
  region    = data.aws_region.elsewhere.name
}

module "network" {
  source            = "../network"
  name              = local.name
  cidr              = var.cidr
  nat_for_each_zone = var.is_redundant
  kms_key_arn       = module.keys.arn
}

module "deployer" {
  source      = "../deployer"
  name        = local.name
  repository  = var.repository
  environment = var.environment
  cluster_arn = local.cluster_arn
}

module "cluster" {
  source            = "../cluster"
  name              = local.name
  subnet_ids        = module.network.private_subnet_ids
  api_cidrs         = var.api_cidrs
  kms_key_arn       = module.keys.arn
  node_types        = var.node_types
  nodes             = var.nodes
  admin_role_arns   = var.admin_role_arns
  deployer_role_arn = module.deployer.role_arn
  pod_policies = {
    gazette-server   = { namespace = "gazette", policy = local.files_policy }
    gazette-backup   = { namespace = "gazette", policy = local.backups_policy }
    external-secrets = { namespace = "external-secrets", policy = module.secrets.reader_policy }
  }
}

module "database" {
  source                   = "../database"
  providers                = { aws = aws, aws.replica = aws.replica }
  name                     = local.name
  instance_class           = var.database_class
  storage_gib              = var.database_gib
  multi_az                 = var.is_redundant
  replicas                 = var.is_redundant ? 1 : 0
  backup_days              = var.backup_days
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  kms_key_arn              = module.keys.arn
  replica_kms_key_arn      = module.keys_elsewhere.arn
}

module "cache" {
  source                   = "../cache"
  name                     = local.name
  node_type                = var.cache_type
  nodes                    = var.is_redundant ? 2 : 1
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  kms_key_arn              = module.keys.arn
}

module "files" {
  source                = "../storage"
  providers             = { aws = aws, aws.replica = aws.replica }
  name                  = "${var.bucket_prefix}-${var.environment}-files"
  kms_key_arn           = module.keys.arn
  replica_kms_key_arn   = module.keys_elsewhere.arn
  noncurrent_days       = 90
  infrequent_after_days = 180
  passing               = { incoming = 3, quarantine = 0, renditions = 0 }
  upload_origins        = var.upload_origins
}

module "backups" {
  source              = "../storage"
  providers           = { aws = aws, aws.replica = aws.replica }
  name                = "${var.bucket_prefix}-${var.environment}-backups"
  kms_key_arn         = module.keys.arn
  replica_kms_key_arn = module.keys_elsewhere.arn
  noncurrent_days     = 35
  locked_days         = var.locked_backup_days
}

module "secrets" {
  source              = "../secrets"
  prefix              = local.name
  names               = local.secrets
  account_id          = local.account_id
  kms_key_arn         = module.keys.arn
  replica_region      = data.aws_region.elsewhere.name
  replica_kms_key_arn = module.keys_elsewhere.arn
}

module "cdn" {
  source          = "../cdn"
  name            = var.public_name
  origin_name     = var.origin_name
  certificate_arn = var.cdn_certificate_arn
}

# The distribution's name is the public's; behind it the origin's name leads to whichever place is healthy.
resource "aws_route53_record" "public" {
  for_each = toset(["A", "AAAA"])
  zone_id  = var.zone_id
  name     = var.public_name
  type     = each.key
  alias {
    name                   = module.cdn.target.name
    zone_id                = module.cdn.target.zone_id
    evaluate_target_health = false
  }
}

module "dns" {
  source  = "../dns"
  name    = var.origin_name
  zone_id = var.zone_id
  primary = var.origin
  standby = var.standby_origin
}

locals {
  files_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:ListBucket", "s3:ListBucketMultipartUploads"], Resource = module.files.arn },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        Resource = "${module.files.arn}/*"
      },
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = module.keys.arn },
    ]
  })
  # A backup can be written, read and given up. Its versions cannot be removed before the lock ends.
  backups_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Action = ["s3:ListBucket", "s3:ListBucketMultipartUploads"], Resource = module.backups.arn },
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
        Resource = "${module.backups.arn}/*"
      },
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = module.keys.arn },
    ]
  })
  secrets = {
    DATABASE_URL           = "The server's role"
    DATABASE_REPLICA_URL   = "The same role on the replica"
    MIGRATION_DATABASE_URL = "The owner of the tables"
    JWT_SECRET             = "Signs page tokens, and access tokens without a key file"
    JWT_PREVIOUS_SECRET    = "The one before or after JWT_SECRET, while one replaces the other"
    REFRESH_TOKEN_SECRET   = "Signs refresh tokens and links in mails"
    ENCRYPTION_KEY         = "Encrypts authenticator apps' secrets"
    SMTP_PASS              = "The mail provider's password"
    SENTRY_DSN             = "Where errors go"
    BACKUP_DATABASE_URL    = "The role that reads everything and replicates"
    BACKUP_ENCRYPTION_KEY  = "Encrypts backups"
  }
}
