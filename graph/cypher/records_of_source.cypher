// The records of a source that are believed, in order of id.
MATCH (record:Record)
WHERE record.source = $source AND record.known_to IS NULL
RETURN properties(record) AS node
ORDER BY record.id
