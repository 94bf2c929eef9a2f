# CloudFront before the API. It keeps what the answer itself says may be kept (Cache-Control): public reads, and nothing else.

resource "aws_cloudfront_cache_policy" "as_the_answer_says" {
  name        = "${var.name}-as-the-answer-says"
  min_ttl     = 0
  default_ttl = 0
  max_ttl     = 86400
  parameters_in_cache_key_and_forwarded_to_origin {
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true
    cookies_config {
      cookie_behavior = "none"
    }
    # Whoever is signed in, or wants at least some entry of the record, is answered by the server.
    headers_config {
      header_behavior = "whitelist"
      headers {
        items = ["Authorization", "X-Min-Record-Number", "Origin"]
      }
    }
    query_strings_config {
      query_string_behavior = "all"
    }
  }
}

data "aws_cloudfront_origin_request_policy" "all_but_host" {
  name = "Managed-AllViewerExceptHostHeader"
}

data "aws_cloudfront_cache_policy" "nothing" {
  name = "Managed-CachingDisabled"
}

# Where TLS ends before Envoy, nobody behind here tells browsers to stay with it. Envoy sends the other headers.
resource "aws_cloudfront_response_headers_policy" "tls" {
  name = "${var.name}-tls"
  security_headers_config {
    strict_transport_security {
      access_control_max_age_sec = 31536000
      override                   = false
    }
  }
}

resource "aws_cloudfront_distribution" "this" {
  enabled         = true
  is_ipv6_enabled = true
  comment         = var.name
  aliases         = [var.name]
  price_class     = "PriceClass_100"
  http_version    = "http2and3"
  web_acl_id      = var.web_acl_arn

  origin {
    origin_id   = "api"
    domain_name = var.origin_name
    custom_origin_config {
      http_port                = 80
      https_port               = 443
      origin_protocol_policy   = "https-only"
      origin_ssl_protocols     = ["TLSv1.2"]
      origin_keepalive_timeout = 25 # Envoy gives a connection up after 30 s
      origin_read_timeout      = 60
    }
  }

  default_cache_behavior {
    target_origin_id           = "api"
    allowed_methods            = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
    cached_methods             = ["GET", "HEAD"]
    cache_policy_id            = data.aws_cloudfront_cache_policy.nothing.id
    origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.all_but_host.id
    response_headers_policy_id = aws_cloudfront_response_headers_policy.tls.id
    viewer_protocol_policy     = "https-only"
    compress                   = true
  }

  dynamic "ordered_cache_behavior" {
    for_each = ["/v1/pages*", "/v1/record*", "/.well-known/jwks.json"]
    content {
      path_pattern               = ordered_cache_behavior.value
      target_origin_id           = "api"
      allowed_methods            = ["GET", "HEAD", "OPTIONS"]
      cached_methods             = ["GET", "HEAD"]
      cache_policy_id            = aws_cloudfront_cache_policy.as_the_answer_says.id
      origin_request_policy_id   = data.aws_cloudfront_origin_request_policy.all_but_host.id
      response_headers_policy_id = aws_cloudfront_response_headers_policy.tls.id
      viewer_protocol_policy     = "redirect-to-https"
      compress                   = true
    }
  }

  viewer_certificate {
    acm_certificate_arn      = var.certificate_arn
    minimum_protocol_version = "TLSv1.2_2021"
    ssl_support_method       = "sni-only"
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }
}
