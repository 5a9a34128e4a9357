"""The edge: settings, tokens, HTTP routes and the command line."""
