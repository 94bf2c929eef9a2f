output "vpc_id" {
  value = aws_vpc.this.id
}

output "private_subnet_ids" {
  value = aws_subnet.private[*].id
}

output "public_subnet_ids" {
  value = aws_subnet.public[*].id
}

output "data_subnet_ids" {
  value = aws_subnet.data[*].id
}

output "load_balancer_security_group_id" {
  description = "For the ingress controller's load balancer"
  value       = aws_security_group.load_balancer.id
}
