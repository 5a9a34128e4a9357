// The dates of the snapshots that were loaded to the end in a scope.
MATCH (load:Load)
WHERE load.scope = $scope AND load.status = 'done' AND load.stated IS NOT NULL
RETURN DISTINCT load.stated AS stated
