"""The tables, a file a subject; importing this module makes all of them known."""

from __future__ import annotations

from skysieve.service.database.columns import Table
from skysieve.service.database.tables.candidates import Candidate, Cutouts, MetadataField, Night
from skysieve.service.database.tables.ingest import (
    Feed,
    JournalEntry,
    QuarantinedItem,
    WaitingPart,
    WorkerBeat,
)
from skysieve.service.database.tables.judging import Explanation, PendingScore, Score, Scorer, Verdict
from skysieve.service.database.tables.labelling import (
    Campaign,
    CampaignItem,
    CampaignMember,
    Comment,
    Label,
    Taxonomy,
)
from skysieve.service.database.tables.outflow import Delivery
from skysieve.service.database.tables.people import AuditEntry, SignInAttempt, Token, User, UserSession

__all__ = [
    "AuditEntry",
    "Campaign",
    "CampaignItem",
    "CampaignMember",
    "Candidate",
    "Comment",
    "Cutouts",
    "Delivery",
    "Explanation",
    "Feed",
    "JournalEntry",
    "Label",
    "MetadataField",
    "Night",
    "PendingScore",
    "QuarantinedItem",
    "Score",
    "Scorer",
    "SignInAttempt",
    "Table",
    "Taxonomy",
    "Token",
    "User",
    "UserSession",
    "Verdict",
    "WaitingPart",
    "WorkerBeat",
]
