output "name" {
  value = aws_s3_bucket.this.bucket
}

output "arn" {
  value = aws_s3_bucket.this.arn
}

output "copy_arn" {
  value = aws_s3_bucket.copy.arn
}
