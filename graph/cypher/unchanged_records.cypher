// How many of these records, each an id and a hash, are stored just so, open, believed and complete.
UNWIND $rows AS row
MATCH (record:Record {id: row[0]})
WHERE record.hash = row[1] AND record.valid_to IS NULL AND record.known_to IS NULL AND record.dangling IS NULL
  AND ($stated IS NULL OR record.stated <= $stated)
RETURN count(record) AS unchanged
