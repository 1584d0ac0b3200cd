"""Everything between the socket and an endpoint: protocol, middleware, routes, sessions, problem documents."""
