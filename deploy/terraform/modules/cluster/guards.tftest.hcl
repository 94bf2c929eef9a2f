# What is refused before anything is asked of AWS.

mock_provider "aws" {
  source = "../../mocks"
}

variables {
  name              = "gazette-test"
  subnet_ids        = ["subnet-1", "subnet-2", "subnet-3"]
  kms_key_arn       = "arn:aws:kms:eu-west-2:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
  node_types        = ["m7i.large"]
  nodes             = { min = 2, max = 3 }
  admin_role_arns   = ["arn:aws:iam::123456789012:role/operations"]
  deployer_role_arn = "arn:aws:iam::123456789012:role/deployer"
  pod_policies      = {}
}

run "nobody_from_outside" {
  command = plan
  assert {
    condition     = !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "without api_cidrs the control plane has a private address alone"
  }
}

run "some_from_outside" {
  command = plan
  variables {
    api_cidrs = ["198.51.100.0/24"]
  }
  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].public_access_cidrs == toset(["198.51.100.0/24"])
    error_message = "those who are named, and nobody else"
  }
}

run "not_everyone" {
  command = plan
  variables {
    api_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [var.api_cidrs]
}
