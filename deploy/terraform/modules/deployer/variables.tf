variable "name" {
  type = string
}

variable "repository" {
  description = "OWNER/NAME on GitHub"
  type        = string
  validation {
    condition     = can(regex("^[\\w.-]+/[\\w.-]+$", var.repository))
    error_message = "repository is OWNER/NAME, without a pattern."
  }
}

variable "environment" {
  description = "GitHub's environment"
  type        = string
}

variable "cluster_arn" {
  type = string
}
