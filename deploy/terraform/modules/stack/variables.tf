variable "environment" {
  description = "staging or production, as GitHub's environment is called too"
  type        = string
  validation {
    condition     = contains(["staging", "production"], var.environment)
    error_message = "environment is staging or production."
  }
}

variable "region" {
  type = string
}

variable "repository" {
  description = "OWNER/NAME on GitHub"
  type        = string
}

variable "cidr" {
  description = "The VPC's addresses: a /16"
  type        = string
}

variable "is_redundant" {
  description = "Whether one zone may be lost: NAT in each zone, a standby of the database and of Redis, and a read replica"
  type        = bool
}

variable "api_cidrs" {
  description = "Who may reach the cluster's API from outside the VPC"
  type        = list(string)
  default     = []
}

variable "admin_role_arns" {
  description = "Roles that administer the cluster"
  type        = list(string)
}

variable "node_types" {
  type = list(string)
}

variable "nodes" {
  type = object({ min = number, max = number })
}

variable "database_class" {
  type = string
}

variable "database_gib" {
  type = number
}

variable "cache_type" {
  type = string
}

variable "backup_days" {
  type    = number
  default = 35
}

variable "locked_backup_days" {
  description = "For how long nobody can remove a backup"
  type        = number
}

variable "bucket_prefix" {
  description = "What the buckets' names begin with, since nobody else in the world may have them"
  type        = string
}

variable "zone_id" {
  description = "The hosted zone of the names"
  type        = string
}

variable "public_name" {
  description = "What the public calls: CloudFront's"
  type        = string
}

variable "origin_name" {
  description = "What CloudFront calls, which leads to whichever place is healthy"
  type        = string
}

variable "cdn_certificate_arn" {
  description = "A certificate for public_name, in us-east-1"
  type        = string
}

variable "origin" {
  description = "The ingress controller's load balancer, known once Kubernetes has made it"
  type        = object({ target_name = string, target_zone_id = string, health_name = string })
}

variable "standby_origin" {
  description = "The load balancer of the place that stands by; null: there is none"
  type        = object({ target_name = string, target_zone_id = string, health_name = string })
  default     = null
}

variable "upload_origins" {
  description = "Origins whose pages send files straight to the bucket, such as https://console.example.gov; none: they go through Gazette"
  type        = list(string)
  default     = []
}
