"""The OpenAPI document, made from the routes and corrected for the generators of clients."""
