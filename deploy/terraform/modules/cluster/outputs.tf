output "name" {
  value = aws_eks_cluster.this.name
}

output "arn" {
  value = aws_eks_cluster.this.arn
}

output "security_group_id" {
  description = "The group of the nodes and the control plane"
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}
