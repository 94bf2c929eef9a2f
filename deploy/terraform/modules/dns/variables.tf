variable "name" {
  description = "The API's name, such as api.example.gov"
  type        = string
}

variable "zone_id" {
  description = "The hosted zone that it is in"
  type        = string
}

variable "primary" {
  description = "Where it leads: a load balancer or distribution, and the name at which that itself is asked for its health"
  type        = object({ target_name = string, target_zone_id = string, health_name = string })
}

variable "standby" {
  description = "Where it leads while the primary is not healthy; null: nowhere else"
  type        = object({ target_name = string, target_zone_id = string, health_name = string })
  default     = null
}

variable "certificate_issuers" {
  type    = list(string)
  default = ["amazon.com", "letsencrypt.org"]
}
