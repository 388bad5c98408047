//! Representative rows: as many as a file says, or a sample of them.

use std::collections::BTreeMap;
use std::path::Path;

use tokio_postgres::Client;

use super::ProofError;

/// No more rows than this are written; times are estimated from them.
pub(super) const SAMPLE: u64 = 10_000;

/// How many rows each table has where it matters, by name (`orders`, `archive.orders`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(pub BTreeMap<String, u64>);

/// Why there are no rows.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The file cannot be read.
    #[error("{file} cannot be read: {error}")]
    Read {
        /// Which.
        file: String,
        /// Why.
        error: std::io::Error,
    },
    /// The file is no JSON of counts.
    #[error("{file} does not say rows by table, such as {{\"orders\": 2000000}}: {error}")]
    Format {
        /// Which.
        file: String,
        /// Why.
        error: serde_json::Error,
    },
    /// A table refuses the rows that are made up for it.
    #[error(
        "no rows can be made up for {table}: {message}; insert some in a migration, or leave it out"
    )]
    Refused {
        /// Which.
        table: String,
        /// What the database said.
        message: String,
    },
}

impl Rows {
    /// Reads `{"orders": 2000000, "archive.orders": 10}`.
    ///
    /// # Errors
    /// When the file cannot be read or says something else.
    pub fn read(path: &Path) -> Result<Self, RowsError> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| RowsError::Read { file: file.clone(), error })?;
        serde_json::from_str(&text).map(Self).map_err(|error| RowsError::Format { file, error })
    }

    /// How many rows a table has, as its name is told by the database.
    #[must_use]
    pub fn of(&self, table: &str) -> Option<u64> {
        self.0.get(table).or_else(|| self.0.get(&format!("public.{table}"))).copied()
    }

    /// Writes a sample of them. Keys to other tables are not checked, where the connection may
    /// say so.
    pub(super) async fn seed(&self, client: &Client) -> Result<(), ProofError> {
        for (table, count) in &self.0 {
            let refused = |error: &tokio_postgres::Error| RowsError::Refused {
                table: table.clone(),
                message: super::told(error),
            };
            let columns = columns(client, table).await?;
            let names: Vec<_> = columns.iter().map(|(name, _)| name.as_str()).collect();
            let values: Vec<_> = columns.iter().map(|(_, value)| value.as_str()).collect();
            let count = (*count).min(SAMPLE);
            // Without superuser rights keys are checked, and rows without partners refused.
            let insert = format!(
                "BEGIN; DO $$ BEGIN SET LOCAL session_replication_role = replica; \
                 EXCEPTION WHEN insufficient_privilege THEN NULL; END $$; \
                 INSERT INTO {table} ({}) OVERRIDING SYSTEM VALUE SELECT {} \
                 FROM generate_series(1, {count}) AS n ON CONFLICT DO NOTHING; COMMIT; ANALYZE {table}",
                names.join(", "),
                values.join(", "),
            );
            if let Err(error) = client.batch_execute(&insert).await {
                client.batch_execute("ROLLBACK").await?;
                return Err(refused(&error).into());
            }
        }
        Ok(())
    }
}

/// The columns that need a value, and an expression over `n` for each.
async fn columns(client: &Client, table: &str) -> Result<Vec<(String, String)>, ProofError> {
    let rows = client
        .query(
            "SELECT quote_ident(attname), format_type(atttypid, atttypmod), typtype::text, \
             typcategory::text, atttypid::regtype::text FROM pg_attribute JOIN pg_type \
             ON pg_type.oid = atttypid WHERE attrelid = to_regclass($1::text) AND attnum > 0 \
             AND NOT attisdropped AND attgenerated = ''",
            &[&table],
        )
        .await?;
    let values = rows.iter().map(|row| {
        let (name, full, kind, category, plain): (String, String, String, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        let value = match (kind.as_str(), category.as_str()) {
            ("e", _) => format!("(enum_range(NULL::{plain}))[1]"),
            (_, "N") => format!("(n % 30000)::{full}"),
            (_, "B") => "n % 2 = 0".to_owned(),
            (_, "S") => format!("('r' || n)::{full}"),
            (_, "D") => format!("now()::{full}"),
            (_, "A") => format!("'{{}}'::{full}"),
            _ if plain == "uuid" => "gen_random_uuid()".to_owned(),
            _ if plain == "json" || plain == "jsonb" => format!("'{{}}'::{plain}"),
            _ => format!("NULL::{full}"),
        };
        // A number that is large enough holds the row's own: keys stay unique.
        let value =
            if matches!(plain.as_str(), "bigint" | "integer" | "numeric") && !full.contains('(') {
                format!("n::{full}")
            } else {
                value
            };
        (name, value)
    });
    Ok(values.collect())
}
