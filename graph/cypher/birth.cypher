// When the graph's first commit was made: tells one graph from another that has the same versions.
MATCH (commit:Commit {version: 1})
RETURN commit.at AS at
