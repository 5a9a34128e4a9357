// The records of a source that are believed, earlier runs included.
MATCH (record:Record)
WHERE record.source = $source AND record.known_to IS NULL
RETURN properties(record) AS node
