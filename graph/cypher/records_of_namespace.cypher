// The records of a namespace that are believed, earlier runs included.
MATCH (record:Record)
WHERE record.namespace = $namespace AND record.known_to IS NULL
RETURN properties(record) AS node
