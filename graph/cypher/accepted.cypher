// What has been accepted or corrected, and what was said instead. No parameters.
MATCH (d:Decision) WHERE d.state IN ['accepted', 'corrected']
RETURN d.about AS about, d.correction AS correction
