// The sources that have put anything into a namespace.
MATCH (source:Source)
WHERE source.namespace = $namespace
RETURN source.id AS id
