// What has been decided about these things. Parameter `ids`.
MATCH (d:Decision) WHERE d.about IN $ids
RETURN d.about AS about, d.state AS state, d.at AS at, d.id AS id
