// What was loaded into or taken out of a namespace, as far as it changed anything or read this very file.
MATCH (load:Load)
WHERE load.namespace = $namespace AND (load.changed > 0 OR load.sha256 = $sha256)
RETURN properties(load) AS load
