variable "name" {
  type = string
}

variable "node_type" {
  type = string
}

variable "nodes" {
  description = "One, or more in as many zones"
  type        = number
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
