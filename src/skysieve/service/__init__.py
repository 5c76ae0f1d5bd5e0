"""The night service: candidates come in, are scored, scanned, labelled, and flow back into training.

The folders, each importing only from those above it::

    settings, home     where a service lives and how it is set up
    database/          tables, migrations, connections: SQLite or PostgreSQL
    files/             what is too large for a row, by the hash of its content
    sky/               the index of positions
    filters/           the language of searches, compiled to SQL parameters
    candidates/        pages, counts, neighbours, exports of candidates
    judging/           models and sieves on duty, scores and verdicts, scoring again
    labelling/         labels, comments, taxonomies, campaigns, consensus
    feedback/          from labels back to training
    ingest/            feeds, journal, quarantine
    outflow/           what leaves: webhooks, Kafka
    accounts/          users, sessions, tokens, roles, the audit log
    operation/         logs, metrics, health, retention, backup
    api/, pages/       what answers on the network: REST, and pages for people
    web/               the application that holds them
    worker, serve      the processes
"""

from __future__ import annotations
