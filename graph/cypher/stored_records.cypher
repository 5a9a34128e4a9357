// What is stored under these handles, without the bodies.
UNWIND $ids AS id
MATCH (record:Record {id: id})
RETURN record.id AS id, record.hash AS hash, record.stated AS stated, record.valid_to AS valid_to,
  record.known_to AS known_to, record.dangling AS dangling, record.also AS also, record.runs AS runs
