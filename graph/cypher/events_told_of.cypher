// The records of events of some types that documents tell of these parties. Parameters `types`, `subjects`: ids.
MATCH (c:Claim) WHERE c.kind = 'event' AND c.type IN $types AND c.subject IN $subjects
RETURN c.record AS record
