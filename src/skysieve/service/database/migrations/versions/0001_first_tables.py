"""The first tables of the night service.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from skysieve.service.database.columns import BigId, JsonValue, UtcTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "feeds",
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("looked_at", UtcTime(), nullable=True),
        sa.Column("item_at", UtcTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("error_at", UtcTime(), nullable=True),
        sa.Column("memory", JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feeds")),
    )
    op.create_table(
        "journal",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("feed", sa.String(length=48), nullable=False),
        sa.Column("item", sa.String(length=500), nullable=False),
        sa.Column("stamp", sa.String(length=100), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("feed", "item", name=op.f("uq_journal_feed_item")),
    )
    op.create_index("ix_journal_at", "journal", ["at"], unique=False)
    op.create_index("ix_journal_outcome", "journal", ["outcome", "at"], unique=False)
    op.create_table(
        "metadata_fields",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("indexed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_metadata_fields")),
    )
    op.create_table(
        "nights",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_nights")),
        sa.UniqueConstraint("name", name=op.f("uq_nights_name")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("feed", sa.String(length=48), nullable=False),
        sa.Column("item", sa.String(length=500), nullable=False),
        sa.Column("record", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("first_at", UtcTime(), nullable=False),
        sa.Column("last_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("feed", "item", "record", name=op.f("uq_quarantine_feed_item_record")),
    )
    op.create_index("ix_quarantine_state", "quarantine", ["state", "last_at"], unique=False)
    op.create_table(
        "scorers",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("identity", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_sieve", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("description", JsonValue, nullable=False),
        sa.Column("duty", sa.String(length=16), nullable=False),
        sa.Column("registered_at", UtcTime(), nullable=False),
        sa.Column("promoted_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scorers")),
        sa.UniqueConstraint("kind", "identity", name=op.f("uq_scorers_kind_identity")),
    )
    op.create_index(op.f("ix_scorers_duty"), "scorers", ["duty"], unique=False)
    op.create_table(
        "sign_in_attempts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
    )
    op.create_index("ix_sign_in_attempts_subject", "sign_in_attempts", ["subject", "at"], unique=False)
    op.create_table(
        "taxonomies",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("classes", JsonValue, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taxonomies")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_taxonomies_name_version")),
    )
    op.create_table(
        "users",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("last_sign_in", UtcTime(), nullable=True),
        sa.Column("preferences", JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "waiting_parts",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("stamp", sa.String(length=100), nullable=False),
        sa.Column("content", JsonValue, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=48), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("since", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "part", name=op.f("pk_waiting_parts")),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("beat_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("details", JsonValue, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    op.create_table(
        "audit",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.Column("details", JsonValue, nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_audit_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_action"), "audit", ["action"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_user_id"), "audit", ["user_id"], unique=False)
    op.create_table(
        "campaigns",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("taxonomy_id", BigId, nullable=False),
        sa.Column("tutorial", sa.Text(), nullable=False),
        sa.Column("labels_wanted", sa.Integer(), nullable=False),
        sa.Column("hide_machine", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("proposal", JsonValue, nullable=False),
        sa.Column("created_by", BigId, nullable=True),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_campaigns_created_by_users")),
        sa.ForeignKeyConstraint(
            ["taxonomy_id"], ["taxonomies.id"], name=op.f("fk_campaigns_taxonomy_id_taxonomies")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
        sa.UniqueConstraint("name", name=op.f("uq_campaigns_name")),
    )
    op.create_table(
        "candidates",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("survey", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("object_id", sa.String(length=80), nullable=False),
        sa.Column("night_id", BigId, nullable=False),
        sa.Column("jd", sa.Double(), nullable=True),
        sa.Column("ra", sa.Double(), nullable=True),
        sa.Column("dec", sa.Double(), nullable=True),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("band", sa.String(length=16), nullable=False),
        sa.Column("mag", sa.Double(), nullable=True),
        sa.Column("metadata", JsonValue, nullable=False),
        sa.Column("stamp", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("first_seen", UtcTime(), nullable=False),
        sa.Column("updated_at", UtcTime(), nullable=False),
        sa.Column("look", sa.LargeBinary(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("passes", sa.Boolean(), nullable=True),
        sa.Column("label", sa.String(length=48), nullable=False),
        sa.Column("label_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["night_id"], ["nights.id"], name=op.f("fk_candidates_night_id_nights")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_candidates")),
        sa.UniqueConstraint("kind", "survey", "name", name=op.f("uq_candidates_kind_survey_name")),
    )
    op.create_index(op.f("ix_candidates_cell"), "candidates", ["cell"], unique=False)
    op.create_index("ix_candidates_first_seen", "candidates", ["first_seen", "id"], unique=False)
    op.create_index("ix_candidates_jd", "candidates", ["jd", "id"], unique=False)
    op.create_index("ix_candidates_label", "candidates", ["label", "id"], unique=False)
    op.create_index("ix_candidates_mag", "candidates", ["mag", "id"], unique=False)
    op.create_index(
        "ix_candidates_name",
        "candidates",
        ["name"],
        unique=False,
        postgresql_ops={"name": "text_pattern_ops"},
    )
    op.create_index(
        "ix_candidates_night_first_seen", "candidates", ["night_id", "first_seen", "id"], unique=False
    )
    op.create_index("ix_candidates_night_jd", "candidates", ["night_id", "jd", "id"], unique=False)
    op.create_index("ix_candidates_night_label", "candidates", ["night_id", "label", "id"], unique=False)
    op.create_index("ix_candidates_night_mag", "candidates", ["night_id", "mag", "id"], unique=False)
    op.create_index(
        "ix_candidates_night_passes", "candidates", ["night_id", "passes", "score", "id"], unique=False
    )
    op.create_index("ix_candidates_night_score", "candidates", ["night_id", "score", "id"], unique=False)
    op.create_index("ix_candidates_object", "candidates", ["survey", "object_id"], unique=False)
    op.create_index(
        "ix_candidates_object_id",
        "candidates",
        ["object_id"],
        unique=False,
        postgresql_ops={"object_id": "text_pattern_ops"},
    )
    op.create_index("ix_candidates_score", "candidates", ["score", "id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("last_seen", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_sessions_secret_sha256")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "tokens",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("secret_sha256", sa.String(length=64), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("scopes", JsonValue, nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime(), nullable=False),
        sa.Column("last_used", UtcTime(), nullable=True),
        sa.Column("revoked_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_tokens_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("secret_sha256", name=op.f("uq_tokens_secret_sha256")),
    )
    op.create_index(op.f("ix_tokens_user_id"), "tokens", ["user_id"], unique=False)
    op.create_table(
        "campaign_items",
        sa.Column("campaign_id", BigId, autoincrement=False, nullable=False),
        sa.Column("candidate_id", BigId, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("gold", sa.String(length=48), nullable=False),
        sa.Column("gold_reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_items_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_campaign_items_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", "candidate_id", name=op.f("pk_campaign_items")),
    )
    op.create_index(op.f("ix_campaign_items_candidate_id"), "campaign_items", ["candidate_id"], unique=False)
    op.create_table(
        "campaign_members",
        sa.Column("campaign_id", BigId, autoincrement=False, nullable=False),
        sa.Column("user_id", BigId, autoincrement=False, nullable=False),
        sa.Column("read_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaigns.id"],
            name=op.f("fk_campaign_members_campaign_id_campaigns"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_campaign_members_user_id_users")),
        sa.PrimaryKeyConstraint("campaign_id", "user_id", name=op.f("pk_campaign_members")),
    )
    op.create_table(
        "comments",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("candidate_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_comments_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_comments_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index(op.f("ix_comments_candidate_id"), "comments", ["candidate_id"], unique=False)
    op.create_table(
        "cutouts",
        sa.Column("candidate_id", BigId, autoincrement=False, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=48), nullable=False),
        sa.Column("channels", JsonValue, nullable=False),
        sa.Column("packet_sha256", sa.String(length=64), nullable=False),
        sa.Column("packet_record", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_cutouts_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("candidate_id", name=op.f("pk_cutouts")),
    )
    op.create_index(op.f("ix_cutouts_packet_sha256"), "cutouts", ["packet_sha256"], unique=False)
    op.create_index(op.f("ix_cutouts_sha256"), "cutouts", ["sha256"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("destination", sa.String(length=300), nullable=False),
        sa.Column("candidate_id", BigId, nullable=False),
        sa.Column("scorer_id", BigId, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.Column("sent_at", UtcTime(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_deliveries_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["scorer_id"], ["scorers.id"], name=op.f("fk_deliveries_scorer_id_scorers")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint(
            "destination",
            "candidate_id",
            "scorer_id",
            name=op.f("uq_deliveries_destination_candidate_id_scorer_id"),
        ),
    )
    op.create_index(op.f("ix_deliveries_candidate_id"), "deliveries", ["candidate_id"], unique=False)
    op.create_index("ix_deliveries_state", "deliveries", ["state", "destination", "next_at"], unique=False)
    op.create_table(
        "explanations",
        sa.Column("candidate_id", BigId, autoincrement=False, nullable=False),
        sa.Column("scorer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("member", sa.String(length=48), nullable=False),
        sa.Column("method", sa.String(length=48), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_explanations_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scorer_id"], ["scorers.id"], name=op.f("fk_explanations_scorer_id_scorers")
        ),
        sa.PrimaryKeyConstraint(
            "candidate_id", "scorer_id", "member", "method", name=op.f("pk_explanations")
        ),
    )
    op.create_table(
        "labels",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("candidate_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("taxonomy_id", BigId, nullable=False),
        sa.Column("campaign_id", BigId, nullable=True),
        sa.Column("value", sa.String(length=48), nullable=False),
        sa.Column("machine_hidden", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.Column("request_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_labels_campaign_id_campaigns")
        ),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_labels_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["taxonomy_id"], ["taxonomies.id"], name=op.f("fk_labels_taxonomy_id_taxonomies")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_labels_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("request_key", name=op.f("uq_labels_request_key")),
    )
    op.create_index("ix_labels_campaign", "labels", ["campaign_id", "candidate_id"], unique=False)
    op.create_index("ix_labels_candidate", "labels", ["candidate_id", "withdrawn_at"], unique=False)
    op.create_index("ix_labels_user", "labels", ["user_id", "id"], unique=False)
    op.create_table(
        "pending_scores",
        sa.Column("scorer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("candidate_id", BigId, autoincrement=False, nullable=False),
        sa.Column("asked_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_pending_scores_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["scorer_id"], ["scorers.id"], name=op.f("fk_pending_scores_scorer_id_scorers")
        ),
        sa.PrimaryKeyConstraint("scorer_id", "candidate_id", name=op.f("pk_pending_scores")),
    )
    op.create_index(op.f("ix_pending_scores_candidate_id"), "pending_scores", ["candidate_id"], unique=False)
    op.create_table(
        "scores",
        sa.Column("candidate_id", BigId, autoincrement=False, nullable=False),
        sa.Column("scorer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("member", sa.String(length=48), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("scored_at", UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_scores_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["scorer_id"], ["scorers.id"], name=op.f("fk_scores_scorer_id_scorers")),
        sa.PrimaryKeyConstraint("candidate_id", "scorer_id", "member", name=op.f("pk_scores")),
    )
    op.create_index("ix_scores_scorer", "scores", ["scorer_id", "member", "value"], unique=False)
    op.create_table(
        "verdicts",
        sa.Column("candidate_id", BigId, autoincrement=False, nullable=False),
        sa.Column("scorer_id", BigId, autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=48), nullable=False),
        sa.Column("passes", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"],
            ["candidates.id"],
            name=op.f("fk_verdicts_candidate_id_candidates"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["scorer_id"], ["scorers.id"], name=op.f("fk_verdicts_scorer_id_scorers")),
        sa.PrimaryKeyConstraint("candidate_id", "scorer_id", "rule", name=op.f("pk_verdicts")),
    )


def downgrade() -> None:
    """Remove all tables."""
    op.drop_table("verdicts")
    op.drop_index("ix_scores_scorer", table_name="scores")
    op.drop_table("scores")
    op.drop_index(op.f("ix_pending_scores_candidate_id"), table_name="pending_scores")
    op.drop_table("pending_scores")
    op.drop_index("ix_labels_user", table_name="labels")
    op.drop_index("ix_labels_candidate", table_name="labels")
    op.drop_index("ix_labels_campaign", table_name="labels")
    op.drop_table("labels")
    op.drop_table("explanations")
    op.drop_index("ix_deliveries_state", table_name="deliveries")
    op.drop_index(op.f("ix_deliveries_candidate_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_cutouts_sha256"), table_name="cutouts")
    op.drop_index(op.f("ix_cutouts_packet_sha256"), table_name="cutouts")
    op.drop_table("cutouts")
    op.drop_index(op.f("ix_comments_candidate_id"), table_name="comments")
    op.drop_table("comments")
    op.drop_table("campaign_members")
    op.drop_index(op.f("ix_campaign_items_candidate_id"), table_name="campaign_items")
    op.drop_table("campaign_items")
    op.drop_index(op.f("ix_tokens_user_id"), table_name="tokens")
    op.drop_table("tokens")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index("ix_candidates_score", table_name="candidates")
    op.drop_index(
        "ix_candidates_object_id", table_name="candidates", postgresql_ops={"object_id": "text_pattern_ops"}
    )
    op.drop_index("ix_candidates_object", table_name="candidates")
    op.drop_index("ix_candidates_night_score", table_name="candidates")
    op.drop_index("ix_candidates_night_passes", table_name="candidates")
    op.drop_index("ix_candidates_night_mag", table_name="candidates")
    op.drop_index("ix_candidates_night_label", table_name="candidates")
    op.drop_index("ix_candidates_night_jd", table_name="candidates")
    op.drop_index("ix_candidates_night_first_seen", table_name="candidates")
    op.drop_index("ix_candidates_name", table_name="candidates", postgresql_ops={"name": "text_pattern_ops"})
    op.drop_index("ix_candidates_mag", table_name="candidates")
    op.drop_index("ix_candidates_label", table_name="candidates")
    op.drop_index("ix_candidates_jd", table_name="candidates")
    op.drop_index("ix_candidates_first_seen", table_name="candidates")
    op.drop_index(op.f("ix_candidates_cell"), table_name="candidates")
    op.drop_table("candidates")
    op.drop_table("campaigns")
    op.drop_index(op.f("ix_audit_user_id"), table_name="audit")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_index(op.f("ix_audit_action"), table_name="audit")
    op.drop_table("audit")
    op.drop_table("workers")
    op.drop_table("waiting_parts")
    op.drop_table("users")
    op.drop_table("taxonomies")
    op.drop_index("ix_sign_in_attempts_subject", table_name="sign_in_attempts")
    op.drop_table("sign_in_attempts")
    op.drop_index(op.f("ix_scorers_duty"), table_name="scorers")
    op.drop_table("scorers")
    op.drop_index("ix_quarantine_state", table_name="quarantine")
    op.drop_table("quarantine")
    op.drop_table("nights")
    op.drop_table("metadata_fields")
    op.drop_index("ix_journal_outcome", table_name="journal")
    op.drop_index("ix_journal_at", table_name="journal")
    op.drop_table("journal")
    op.drop_table("feeds")
