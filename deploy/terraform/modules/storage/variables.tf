variable "name" {
  description = "The bucket's name, which nobody else in the world may have"
  type        = string
}

variable "kms_key_arn" {
  type = string
}

variable "replica_kms_key_arn" {
  description = "The key in the other region"
  type        = string
}

variable "noncurrent_days" {
  description = "For how long what was overwritten or deleted can be had back"
  type        = number
}

variable "infrequent_after_days" {
  description = "After how long an object becomes cheaper to keep and dearer to read; 0: never"
  type        = number
  default     = 0
}

variable "locked_days" {
  description = "For how long nobody at all can remove a version; 0: no lock"
  type        = number
  default     = 0
}

variable "passing" {
  description = "Prefixes of what soon becomes something else, and for how many days it lies there at most; 0: as long as it is not removed"
  type        = map(number)
  default     = {}
}

variable "upload_origins" {
  description = "Origins whose pages send files straight to the bucket, such as https://console.example.gov"
  type        = list(string)
  default     = []
}
