variable "name" {
  description = "The cluster's name"
  type        = string
}

variable "kubernetes_version" {
  description = "The control plane's version"
  type        = string
  default     = "1.33"
}

variable "subnet_ids" {
  description = "Private subnets in three zones"
  type        = list(string)
}

variable "api_cidrs" {
  description = "Who may reach the control plane from outside; empty: nobody, it has a private address alone"
  type        = list(string)
  default     = []
  validation {
    condition     = !contains(var.api_cidrs, "0.0.0.0/0")
    error_message = "The control plane is not for everyone: name the networks that may reach it."
  }
}

variable "kms_key_arn" {
  description = "The key that encrypts secrets and logs"
  type        = string
}

variable "node_types" {
  description = "Instance types, the preferred first"
  type        = list(string)
}

variable "nodes" {
  description = "How many nodes"
  type        = object({ min = number, max = number })
}

variable "admin_role_arns" {
  description = "Roles that administer the cluster"
  type        = list(string)
}

variable "deployer_role_arn" {
  description = "The role that deploys Gazette"
  type        = string
}

variable "pod_policies" {
  description = "What pods may do in AWS, by the name of their service account"
  type        = map(object({ namespace = string, policy = string }))
}
