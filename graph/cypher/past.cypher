// Every statement that is no longer believed.
MATCH (past:Past)
RETURN past.kind AS kind, past.type AS type, past.known_to AS known_to, past.body AS body
