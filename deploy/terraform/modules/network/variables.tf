variable "name" {
  description = "What everything here is called"
  type        = string
}

variable "cidr" {
  description = "The VPC's addresses: a /16"
  type        = string
  validation {
    condition     = can(cidrnetmask(var.cidr)) && endswith(var.cidr, "/16")
    error_message = "cidr is an IPv4 network of /16."
  }
}

variable "nat_for_each_zone" {
  description = "Whether each zone has a NAT gateway of its own, so that none depends on another"
  type        = bool
}

variable "kms_key_arn" {
  description = "The key that encrypts the flow log"
  type        = string
}
