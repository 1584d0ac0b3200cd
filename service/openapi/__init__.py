"""OpenAPI document, made from the routes and adjusted for client generators."""
