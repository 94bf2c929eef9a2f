def openapi(b): return {}
