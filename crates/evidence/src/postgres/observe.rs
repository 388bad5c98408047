//! What a statement did: locks, rewrites, scans, drops, time.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use shipway_checks::migrations::Lock;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::{ProofError, told};

/// Something that was dropped, also by CASCADE and from inside a block.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Dropped {
    /// `table`, `table column`, `index`, …
    pub kind: String,
    /// Its name with the schema.
    pub name: String,
}

/// What a statement did to what was there before the migration.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Observation {
    /// The strongest lock on each table (or index) that was there; none could be seen for a
    /// statement that cannot run in a transaction.
    pub locks: BTreeMap<String, String>,
    /// Strong locks of earlier statements of the same transaction that were still held.
    pub held: BTreeMap<String, String>,
    /// Tables, indexes and views that have another file now.
    pub rewritten: Vec<String>,
    /// Tables that are empty now and were not.
    pub emptied: Vec<String>,
    /// Rows read by scans from end to end, by table.
    pub scanned: BTreeMap<String, i64>,
    /// Rows updated or deleted, by table.
    pub written: BTreeMap<String, i64>,
    /// What was dropped.
    pub dropped: Vec<Dropped>,
    /// Whether names, rights, values of enums or switches differ.
    pub changed: bool,
    /// How long it took.
    pub took: Duration,
    /// Whether it ran in a transaction, so that its locks could be seen.
    pub in_transaction: bool,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

impl Observation {
    /// The strongest of its locks.
    #[must_use]
    pub fn strongest(&self) -> Option<Lock> {
        let modes = self.locks.values();
        modes.filter_map(|mode| Lock::ALL.into_iter().find(|lock| lock.mode() == mode)).max()
    }
}

/// A table, index or view.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Relation {
    /// With the schema, as drops are told.
    identity: String,
    name: String,
    kind: String,
    file: String,
    size: i64,
}

type Relations = HashMap<String, Relation>;

/// Watches statements on one connection.
#[derive(Debug)]
pub struct Observer<'c> {
    client: &'c Client,
    /// What was there when the migration began: only that matters to others.
    before: Relations,
    /// Whether event triggers tell what is dropped.
    told: bool,
    /// Whether the migration's own transaction is open.
    open: bool,
}

const RELATIONS: &str = "SELECT c.oid::text, format('%I.%I', n.nspname, c.relname), c.oid::regclass::text, c.relkind::text, \
    c.relfilenode::text, CASE WHEN c.relkind IN ('r', 'm', 'i', 't') \
    THEN pg_relation_size(c.oid) ELSE 0 END::text FROM pg_class c JOIN pg_namespace n \
    ON n.oid = c.relnamespace WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN \
    ('information_schema', 'shipway_proof') AND c.relpersistence <> 't'";

const LOCKS: &str = "SELECT relation::text, mode FROM pg_locks WHERE pid = pg_backend_pid() \
    AND locktype = 'relation' AND granted";

const COUNTS: &str = "SELECT relid::text, seq_tup_read::text, (n_tup_upd + n_tup_del)::text \
    FROM pg_stat_xact_user_tables";

/// Names, rights, switches: what others rely on besides tables' contents.
const CATALOGUE: &str = "SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (\
    SELECT concat_ws(',', 'c', relname, relnamespace, relrowsecurity, relforcerowsecurity, relacl) \
      FROM pg_class WHERE relkind IN ('r', 'v', 'm', 'S', 'p', 'f') UNION ALL \
    SELECT concat_ws(',', 'a', attrelid, attname) FROM pg_attribute \
      WHERE attnum > 0 AND NOT attisdropped AND attrelid >= 16384 UNION ALL \
    SELECT concat_ws(',', 't', typname, typnamespace) FROM pg_type WHERE oid >= 16384 UNION ALL \
    SELECT concat_ws(',', 'e', enumtypid, enumlabel) FROM pg_enum UNION ALL \
    SELECT concat_ws(',', 'p', proname, pronamespace, proacl) FROM pg_proc WHERE oid >= 16384 UNION ALL \
    SELECT concat_ws(',', 'n', nspname, nspacl) FROM pg_namespace UNION ALL \
    SELECT concat_ws(',', 'g', tgrelid, tgname, tgenabled) FROM pg_trigger UNION ALL \
    SELECT concat_ws(',', 'r', rolname) FROM pg_roles) AS lines(line)";

/// Event triggers that note what is dropped where the migration's role can read it.
const TRIGGERS: &str = "\
    CREATE SCHEMA shipway_proof; \
    CREATE TABLE shipway_proof.dropped (at serial, kind text, name text); \
    CREATE FUNCTION shipway_proof.note_dropped() RETURNS event_trigger SECURITY DEFINER \
      SET search_path = pg_catalog LANGUAGE plpgsql AS $$ BEGIN \
      INSERT INTO shipway_proof.dropped (kind, name) \
        SELECT object_type, object_identity FROM pg_event_trigger_dropped_objects() \
        WHERE NOT is_temporary AND schema_name IS DISTINCT FROM 'pg_toast'; \
      END $$; \
    CREATE EVENT TRIGGER shipway_dropped ON sql_drop \
      EXECUTE FUNCTION shipway_proof.note_dropped(); \
    CREATE FUNCTION shipway_proof.told() RETURNS TABLE (kind text, name text) SECURITY DEFINER \
      SET search_path = pg_catalog LANGUAGE sql AS \
      $$ DELETE FROM shipway_proof.dropped RETURNING kind, name $$; \
    GRANT USAGE ON SCHEMA shipway_proof TO PUBLIC";

/// Installs what notes drops. Whether it could: on a server that is not ours, perhaps not.
pub(super) async fn install(keeper: &Client) -> Result<bool, ProofError> {
    match keeper.batch_execute(TRIGGERS).await {
        Ok(()) => Ok(true),
        Err(error) if error.as_db_error().is_some() => Ok(false),
        Err(error) => Err(error.into()),
    }
}

impl<'c> Observer<'c> {
    /// Watches a connection; `told` says that `install` could install what notes drops.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn new(client: &'c Client, told: bool) -> Result<Self, ProofError> {
        let mut observer = Self { client, before: HashMap::new(), told, open: false };
        observer.next_migration().await?;
        Ok(observer)
    }

    /// What is there from now on was there before the next migration.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn next_migration(&mut self) -> Result<(), ProofError> {
        self.before = self.relations().await?;
        self.open = false;
        Ok(())
    }

    /// Runs a statement and says what it did. `transaction` says that it can run in one.
    ///
    /// # Errors
    /// When the connection is lost; what the statement itself fails with is in the observation.
    pub async fn run(&mut self, sql: &str, transaction: bool) -> Result<Observation, ProofError> {
        let own = transaction && !self.open;
        let before = self.relations().await?;
        let catalogue = self.catalogue().await?;
        if own {
            self.client.batch_execute("BEGIN").await?;
        }
        let held = if self.open { self.strong_locks().await? } else { BTreeMap::new() };
        let counts = self.counts().await?;
        let begun = Instant::now();
        let result = self.client.simple_query(sql).await;
        let took = begun.elapsed();
        let mut seen =
            Observation { took, held, in_transaction: own || self.open, ..Observation::default() };
        if let Err(error) = result {
            if error.as_db_error().is_none() {
                return Err(error.into());
            }
            seen.error = Some(told(&error));
            if own || self.open {
                self.client.batch_execute("ROLLBACK").await?;
                self.open = false;
            }
            return Ok(seen);
        }
        if seen.in_transaction {
            seen.locks = self.locks().await?;
            self.add_counts(&counts, &mut seen).await?;
        }
        if self.told {
            seen.dropped = self.dropped().await?;
        }
        let after = self.relations().await?;
        self.compare(&before, &after, &mut seen);
        seen.changed = catalogue != self.catalogue().await?;
        if own {
            self.client.batch_execute("COMMIT").await?;
        }
        Ok(seen)
    }

    /// Begins or ends the migration's own transaction.
    ///
    /// # Errors
    /// When the connection is lost, or the transaction cannot be committed.
    pub async fn transaction(&mut self, begin: bool) -> Result<(), ProofError> {
        self.client.batch_execute(if begin { "BEGIN" } else { "COMMIT" }).await?;
        self.open = begin;
        Ok(())
    }

    fn compare(&self, before: &Relations, after: &Relations, seen: &mut Observation) {
        for (oid, was) in before {
            let Some(is) = after.get(oid) else { continue };
            if was.file == is.file || !self.before.contains_key(oid) {
                continue;
            }
            let emptied = was.kind == "r" && was.size > 0 && is.size == 0;
            let list = if emptied { &mut seen.emptied } else { &mut seen.rewritten };
            list.push(was.name.clone());
        }
        // Without event triggers, only what has a name in pg_class is seen to go.
        if !self.told {
            let gone = before.iter().filter(|(oid, _)| !after.contains_key(*oid));
            let gone =
                gone.map(|(_, was)| Dropped { kind: "relation".into(), name: was.name.clone() });
            seen.dropped.extend(gone);
        }
        seen.rewritten.sort();
        seen.emptied.sort();
    }

    async fn dropped(&self) -> Result<Vec<Dropped>, ProofError> {
        let rows = self.rows("SELECT kind, name FROM shipway_proof.told()").await?;
        let dropped = rows.into_iter().filter_map(|row| {
            let [kind, name] = <[String; 2]>::try_from(row).ok()?;
            self.was_there(&kind, &name).then_some(Dropped { kind, name })
        });
        Ok(dropped.collect())
    }

    /// Whether what was dropped was there when the migration began: what it made itself is nobody
    /// else's.
    fn was_there(&self, kind: &str, name: &str) -> bool {
        let relation = match kind {
            "table" | "index" | "view" | "materialized view" | "sequence" | "foreign table" => name,
            "table column" => name.rsplit_once('.').map_or(name, |(table, _)| table),
            "table constraint" | "trigger" | "rule" | "policy" => {
                name.rsplit_once(" on ").map_or(name, |(_, table)| table)
            }
            // Defaults and row types go with what they belong to.
            "default value" => return false,
            _ => return true,
        };
        self.before.values().any(|of| of.identity == relation)
    }

    async fn locks(&self) -> Result<BTreeMap<String, String>, ProofError> {
        let mut strongest: BTreeMap<String, Lock> = BTreeMap::new();
        for row in self.rows(LOCKS).await? {
            let [oid, mode] = &row[..] else { continue };
            let lock = Lock::ALL.into_iter().find(|lock| lock.mode() == mode);
            let (Some(relation), Some(lock)) = (self.before.get(oid), lock) else { continue };
            let kept = strongest.entry(relation.name.clone()).or_insert(lock);
            *kept = lock.max(*kept);
        }
        Ok(strongest.into_iter().map(|(name, lock)| (name, lock.mode().to_owned())).collect())
    }

    async fn strong_locks(&self) -> Result<BTreeMap<String, String>, ProofError> {
        let strong: Vec<&str> =
            Lock::ALL.into_iter().filter(|lock| *lock >= Lock::Share).map(Lock::mode).collect();
        let mut locks = self.locks().await?;
        locks.retain(|_, mode| strong.contains(&mode.as_str()));
        Ok(locks)
    }

    async fn counts(&self) -> Result<HashMap<String, (i64, i64)>, ProofError> {
        let rows = self.rows(COUNTS).await?;
        let number = |text: &str| text.parse().unwrap_or(0);
        let counts = rows.iter().filter_map(|row| match &row[..] {
            [oid, read, written] => Some((oid.clone(), (number(read), number(written)))),
            _ => None,
        });
        Ok(counts.collect())
    }

    async fn add_counts(
        &self,
        before: &HashMap<String, (i64, i64)>,
        seen: &mut Observation,
    ) -> Result<(), ProofError> {
        for (oid, (read, written)) in self.counts().await? {
            let Some(relation) = self.before.get(&oid) else { continue };
            let (read_before, written_before) = before.get(&oid).copied().unwrap_or_default();
            if read > read_before {
                seen.scanned.insert(relation.name.clone(), read - read_before);
            }
            if written > written_before {
                seen.written.insert(relation.name.clone(), written - written_before);
            }
        }
        Ok(())
    }

    async fn relations(&self) -> Result<Relations, ProofError> {
        let rows = self.rows(RELATIONS).await?;
        let relations = rows.into_iter().filter_map(|row| {
            let [oid, identity, name, kind, file, size] = <[String; 6]>::try_from(row).ok()?;
            let size = size.parse().unwrap_or(0);
            Some((oid, Relation { identity, name, kind, file, size }))
        });
        Ok(relations.collect())
    }

    async fn catalogue(&self) -> Result<String, ProofError> {
        let rows = self.rows(CATALOGUE).await?;
        Ok(rows.into_iter().flatten().next().unwrap_or_default())
    }

    /// Rows as texts, by the simple protocol: nothing is prepared, and nothing is locked for it.
    async fn rows(&self, sql: &str) -> Result<Vec<Vec<String>>, ProofError> {
        let messages = self.client.simple_query(sql).await?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                let values = (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned());
                Some(values.collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }
}
