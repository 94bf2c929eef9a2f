output "cluster_name" {
  description = "PRODUCTION_CLUSTER"
  value       = module.cluster.name
}

output "deployer_role_arn" {
  description = "PRODUCTION_AWS_ROLE"
  value       = module.deployer.role_arn
}

output "load_balancer_security_group_id" {
  description = "For the ingress controller's Service"
  value       = module.network.load_balancer_security_group_id
}

output "settings" {
  description = "Settings that are no secrets, for the ConfigMap"
  value = {
    S3_BUCKET_NAME = module.files.name
    S3_REGION      = var.region
    REDIS_URL      = module.cache.redis_url
  }
}

output "database" {
  description = "For DATABASE_URL and its like"
  value = {
    address          = module.database.address
    replicas         = module.database.replica_addresses
    owner_secret_arn = module.database.owner_secret_arn
  }
}

output "redis_password_secret_arn" {
  value = module.cache.password_secret_arn
}

output "backups_bucket" {
  value = module.backups.name
}
