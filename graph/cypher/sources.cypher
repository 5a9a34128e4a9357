// Every source that has been loaded, by name.
MATCH (s:Source)
RETURN s.id AS id, s.namespace AS namespace, s.rank AS rank, s.title AS title
ORDER BY id
