"""文档: texts as they come (plain, HTML, PDF, DOCX, JSON lines) as documents; what cannot be read is reported."""

from ingest.documents.document import Heading, SourceDocument, Table, Unreadable
from ingest.documents.reading import read
from ingest.documents.worker import Limits

__all__ = ["Heading", "Limits", "SourceDocument", "Table", "Unreadable", "read"]
