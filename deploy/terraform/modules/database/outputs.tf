output "address" {
  value = aws_db_instance.primary.address
}

output "replica_addresses" {
  value = aws_db_instance.replica[*].address
}

output "owner_secret_arn" {
  description = "Where RDS keeps the owner's password"
  value       = aws_db_instance.primary.master_user_secret[0].secret_arn
}
