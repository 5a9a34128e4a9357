"""Reading text: the models and rules that turn Chinese filings and news into statements."""
