terraform {
  required_version = ">= 1.11"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
  # Whose bucket it is `terraform init -backend-config=bucket=… -backend-config=region=…` says. It is made once, by hand: versioned,
  # encrypted, and readable by nobody but those who apply.
  backend "s3" {
    key          = "gazette/production.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region
  default_tags {
    tags = { application = "gazette", environment = "production" }
  }
}

provider "aws" {
  alias  = "replica"
  region = var.replica_region
  default_tags {
    tags = { application = "gazette", environment = "production" }
  }
}
