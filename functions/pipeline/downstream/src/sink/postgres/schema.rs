//! The tables, and the statements on them.

/// The table of items, and the notes on those that are gone.
pub(super) const CREATE: &str = "\
    CREATE TABLE IF NOT EXISTS pipeline_items (
        id text PRIMARY KEY,
        message text NOT NULL,
        timestamp_ms bigint NOT NULL,
        received_ms bigint,
        completed_ms bigint,
        latency_ms bigint,
        run_id text,
        stream_seq numeric NOT NULL
    );
    CREATE TABLE IF NOT EXISTS pipeline_removed_items (
        id text PRIMARY KEY,
        stream_seq numeric NOT NULL,
        removed_at timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX IF NOT EXISTS pipeline_removed_items_removed_at ON pipeline_removed_items (removed_at)";

/// Whether both tables exist. `CREATE TABLE IF NOT EXISTS` needs the right to create even when it has nothing to do.
pub(super) const EXISTS: &str = "SELECT to_regclass('pipeline_items') IS NOT NULL \
    AND to_regclass('pipeline_removed_items') IS NOT NULL";

/// Held while the tables are created: two `CREATE TABLE IF NOT EXISTS` at once fail on each other. The numbers of both locks only
/// have to differ from those of other users of the database.
pub(super) const LOCK_SCHEMA: &str = "SELECT pg_advisory_xact_lock(7310579626)";

/// Shared by transactions that only write items. With [`LOCK_REMOVALS`] it closes the gap between looking for a note and
/// writing the row: a removal in between, on the connection of an invocation that was given up, would not be seen.
pub(super) const LOCK_ITEMS: &str = "SELECT pg_advisory_xact_lock_shared(7310579625)";

/// Held exclusively by a transaction that removes items.
pub(super) const LOCK_REMOVALS: &str = "SELECT pg_advisory_xact_lock(7310579625)";

/// Writes items over older ones, unless a note says that they were removed later.
pub(super) const UPSERT: &str = "\
    INSERT INTO pipeline_items AS item
        (id, message, timestamp_ms, received_ms, completed_ms, latency_ms, run_id, stream_seq)
    SELECT id, message, timestamp_ms, received_ms, completed_ms, latency_ms, run_id, seq::numeric
    FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[], $8::text[])
        AS new (id, message, timestamp_ms, received_ms, completed_ms, latency_ms, run_id, seq)
    WHERE NOT EXISTS (
        SELECT FROM pipeline_removed_items AS gone WHERE gone.id = new.id AND gone.stream_seq >= new.seq::numeric
    )
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET
        message = excluded.message,
        timestamp_ms = excluded.timestamp_ms,
        received_ms = excluded.received_ms,
        completed_ms = coalesce(excluded.completed_ms, item.completed_ms),
        latency_ms = coalesce(excluded.latency_ms, item.latency_ms),
        run_id = excluded.run_id,
        stream_seq = excluded.stream_seq
    WHERE item.stream_seq < excluded.stream_seq";

/// Notes which items were removed and when, and deletes their rows.
pub(super) const REMOVE: &str = "\
    WITH gone AS (
        SELECT id, seq::numeric AS stream_seq FROM unnest($1::text[], $2::text[]) AS removed (id, seq)
    ), noted AS (
        INSERT INTO pipeline_removed_items AS note (id, stream_seq) SELECT id, stream_seq FROM gone ORDER BY id
        ON CONFLICT (id) DO UPDATE SET stream_seq = excluded.stream_seq, removed_at = excluded.removed_at
        WHERE note.stream_seq < excluded.stream_seq
    )
    DELETE FROM pipeline_items AS item USING gone WHERE item.id = gone.id AND item.stream_seq < gone.stream_seq";

/// Deletes notes that no replay can need any more: a stream keeps a change for 24 hours.
pub(super) const FORGET: &str =
    "DELETE FROM pipeline_removed_items WHERE removed_at < now() - interval '2 days'";
