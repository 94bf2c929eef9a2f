output "gazette" {
  description = "What the workflows and the manifests need"
  value       = module.gazette
}
