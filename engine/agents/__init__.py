"""The façade for agents: an MCP server over stdio or the loopback interface."""
