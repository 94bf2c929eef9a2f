variable "prefix" {
  description = "What the secrets' names begin with"
  type        = string
}

variable "names" {
  description = "What there is, and what it is for"
  type        = map(string)
}

variable "account_id" {
  type = string
}

variable "kms_key_arn" {
  type = string
}

variable "replica_region" {
  description = "Where there is a copy; empty: nowhere"
  type        = string
}

variable "replica_kms_key_arn" {
  type = string
}
