"""The night service: candidates come in, are scored, scanned, labelled, and flow back into training.

The folders, each importing only from those below it; two in one line know nothing of each other::

    serve                      the command's own part: which processes there are
    served_process             the process that answers on the network
    worker, application        what runs the feeds and scores; every route, behind one guard
    api/, pages/               what answers: REST for programs, pages for people
    web/                       what surrounds every route: access, errors, parameters, templates
    feedback/, operation/      from labels back to training; logs, metrics, health, retention, backup
    ingest/, labelling/        feeds, journal, quarantine; labels, comments, campaigns, consensus
    judging/                   models and sieves on duty, scores and verdicts, scoring again
    outflow/                   what leaves: webhooks, Kafka
    candidates/                search, counts, neighbours, images, exports of candidates
    accounts/, filters/, kafka/  who calls; the language of searches; how a cluster is reached
    sky/                       the index of positions
    service                    all that a service has, opened
    database/, files/          tables, migrations, connections; what is too large for a row
    settings                   how a service is set up
    home                       where it lives
"""

from __future__ import annotations
