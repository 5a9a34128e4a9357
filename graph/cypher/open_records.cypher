// The records of a scope that are believed and not closed.
MATCH (record:Record)
WHERE record.scope = $scope AND record.valid_to IS NULL AND record.known_to IS NULL
RETURN record.id AS id, record.key AS key, record.partition AS partition
