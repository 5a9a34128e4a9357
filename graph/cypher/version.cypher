// The newest version, no row before the first.
MATCH (counter:Counter {id: 'commits'})
RETURN counter.version AS version
