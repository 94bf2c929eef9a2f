variable "name" {
  description = "The instance's name"
  type        = string
}

variable "engine_version" {
  description = "PostgreSQL's version, 16 or later"
  type        = string
  default     = "18"
  validation {
    condition     = tonumber(split(".", var.engine_version)[0]) >= 16
    error_message = "Gazette needs PostgreSQL 16 or later."
  }
}

variable "instance_class" {
  type = string
}

variable "storage_gib" {
  description = "To begin with; it grows by itself to five times that"
  type        = number
}

variable "multi_az" {
  description = "Whether there is a standby in another zone"
  type        = bool
}

variable "replicas" {
  description = "Read replicas"
  type        = number
}

variable "backup_days" {
  description = "For how long any moment can be gone back to"
  type        = number
  validation {
    condition     = var.backup_days >= 7 && var.backup_days <= 35
    error_message = "Backups are kept for 7 to 35 days."
  }
}

variable "vpc_id" {
  type = string
}

variable "subnet_ids" {
  description = "Subnets without a way out"
  type        = list(string)
}

variable "client_security_group_id" {
  description = "Whose members may connect"
  type        = string
}

variable "kms_key_arn" {
  type = string
}

variable "replica_kms_key_arn" {
  description = "The key in the other region"
  type        = string
}
