// The sources of a namespace whose folding anew has begun and not ended.
MATCH (source:Source)
WHERE source.namespace = $namespace AND source.refolding = true
RETURN source.id AS id
