// The last statement of every versioned write: gives the transaction its version and lists what it touched.
// The first SET is there to lock the counter before it is read, so that versions become visible in their order.
MATCH (counter:Counter {id: 'commits'})
SET counter.at = $at
WITH counter
SET counter.version = counter.version + 1
CREATE (:Commit {
  version: counter.version, at: $at, load: $load, bulk: $bulk, nodes: $nodes, edges: $edges
})
RETURN counter.version AS version
