"""Training of the models that `nlp` ships: needs the extra `guanxi[train]`; reading does not."""
