"""The process in which hostile files are read; started by `worker.Worker`, of no use by hand."""

import sys

from ingest.documents.worker import Limits, serve

if __name__ == "__main__":
    memory, processor = map(int, sys.argv[1:])
    serve(Limits(memory, processor), sys.stdin.buffer, sys.stdout.buffer)
