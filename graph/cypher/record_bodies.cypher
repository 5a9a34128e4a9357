// The records with these handles, as far as they are there.
UNWIND $ids AS id
MATCH (record:Record {id: id})
RETURN record.id AS id, record.source AS source, record.role AS role, record.key AS key, record.body AS body,
  record.compartments AS compartments, record.stated AS stated, record.known_from AS known_from,
  record.known_to AS known_to
