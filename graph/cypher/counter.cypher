// The counter of versions; made once.
MERGE (counter:Counter {id: 'commits'})
ON CREATE SET counter.version = 0
