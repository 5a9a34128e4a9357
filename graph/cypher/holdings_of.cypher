// The records of what tables of holders say of these companies. Parameter `companies`: ids.
MATCH (c:Claim) WHERE c.kind = 'holding' AND c.object IN $companies
RETURN c.record AS record
