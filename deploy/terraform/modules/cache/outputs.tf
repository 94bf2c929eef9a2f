output "redis_url" {
  description = "REDIS_URL, without the password"
  value       = "rediss://${aws_elasticache_replication_group.this.primary_endpoint_address}:6379/0"
}

output "password_secret_arn" {
  value = aws_secretsmanager_secret.auth.arn
}
