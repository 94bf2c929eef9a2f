variable "name" {
  description = "What the public calls"
  type        = string
}

variable "origin_name" {
  description = "The load balancer's name, which its certificate has too"
  type        = string
}

variable "certificate_arn" {
  description = "A certificate for the name, in us-east-1"
  type        = string
}

variable "web_acl_arn" {
  description = "A web ACL of WAF; null: none"
  type        = string
  default     = null
}
