# Redis on ElastiCache: encrypted on the way and at rest, behind a password, and with a standby where there are two nodes.

resource "aws_elasticache_subnet_group" "this" {
  name       = var.name
  subnet_ids = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-cache"
  description = "Redis from the cluster"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "cluster" {
  security_group_id            = aws_security_group.this.id
  description                  = "The cluster's pods"
  referenced_security_group_id = var.client_security_group_id
  from_port                    = 6379
  to_port                      = 6379
  ip_protocol                  = "tcp"
}

# ElastiCache takes the password from here, so it is in the state as well: the state's bucket is encrypted, and few may read it.
data "aws_secretsmanager_random_password" "auth" {
  password_length     = 64
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "auth" {
  name        = "${var.name}/redis-password"
  description = "REDIS_PASSWORD"
  kms_key_id  = var.kms_key_arn
}

resource "aws_secretsmanager_secret_version" "auth" {
  secret_id                = aws_secretsmanager_secret.auth.id
  secret_string_wo         = data.aws_secretsmanager_random_password.auth.random_password
  secret_string_wo_version = 1
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.name
  description          = "Gazette's caches, limits and counts"
  engine               = "redis"
  engine_version       = "7.1"
  node_type            = var.node_type
  num_cache_clusters   = var.nodes
  port                 = 6379

  automatic_failover_enabled = var.nodes > 1
  multi_az_enabled           = var.nodes > 1
  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"
  auth_token                 = data.aws_secretsmanager_random_password.auth.random_password
  auth_token_update_strategy = "ROTATE"
  kms_key_id                 = var.kms_key_arn

  subnet_group_name        = aws_elasticache_subnet_group.this.name
  security_group_ids       = [aws_security_group.this.id]
  maintenance_window       = "sun:03:30-sun:04:30"
  snapshot_retention_limit = 0 # it holds nothing that cannot be lost
  apply_immediately        = false

  lifecycle {
    ignore_changes = [auth_token] # the data source gives another one each time
  }
}
