variable "region" {
  type    = string
  default = "eu-west-2"
}

variable "replica_region" {
  description = "Where the copies of files, backups and secrets are"
  type        = string
  default     = "eu-west-1"
  validation {
    condition     = var.replica_region != var.region
    error_message = "A copy in the same region is lost with it."
  }
}

variable "repository" {
  description = "OWNER/NAME on GitHub"
  type        = string
}

variable "admin_role_arns" {
  type = list(string)
}

variable "api_cidrs" {
  type    = list(string)
  default = []
}

variable "bucket_prefix" {
  type = string
}

variable "domain" {
  description = "Such as gazette.example.gov: the names api.… and origin.… are made in it"
  type        = string
}

variable "zone_id" {
  type = string
}

variable "cdn_certificate_arn" {
  type = string
}

variable "origin" {
  type = object({ target_name = string, target_zone_id = string, health_name = string })
}

variable "standby_origin" {
  type    = object({ target_name = string, target_zone_id = string, health_name = string })
  default = null
}
