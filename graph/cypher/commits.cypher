// What the commits above $after up to $upto touched. Versions have no gaps, so each is one lookup by key: a range
// over the index would be a full scan on one of the engines.
UNWIND range($after + 1, $upto) AS version
MATCH (commit:Commit {version: version})
RETURN commit.version AS version, commit.at AS at, commit.load AS load, commit.bulk AS bulk,
  commit.nodes AS nodes, commit.edges AS edges
ORDER BY version
