//! Comments that say something to a migration tool, or to us.

/// When a migration is meant to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// While the old version serves: it may only add.
    Before,
    /// When the new version serves alone: it may take away.
    After,
}

/// `-- shipway: allow RULE[, RULE…]: REASON`, as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The rules named.
    pub rules: Vec<String>,
    /// Why; empty if nothing was said.
    pub reason: String,
}

/// Whose marks part a file into what applies and what undoes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `-- migrate:up`.
    Dbmate,
    /// `-- +goose Up`.
    Goose,
}

/// What a comment of a migration tool means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// What follows is applied (`-- migrate:up`, `-- +goose Up`).
    Up(Tool),
    /// What follows undoes it (`-- migrate:down`, `-- +goose Down`).
    Down(Tool),
    /// No transaction around it.
    NoTransaction,
    /// One statement until [`Mark::StatementEnd`], whatever semicolons are in it.
    StatementBegin,
    /// The end of it.
    StatementEnd,
    /// The statement ends here (`--> statement-breakpoint`).
    Breakpoint,
    /// A change set of Liquibase begins.
    Changeset {
        /// Whether a transaction is around it.
        transaction: bool,
        /// Whether semicolons end statements.
        splits: bool,
    },
}

/// What a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directive {
    /// To a migration tool.
    Mark(Mark),
    /// To us: this is allowed.
    Allow(Allow),
    /// To us: when it runs.
    Phase(Phase),
    /// To us, and not understood.
    Unknown(String),
}

impl Directive {
    /// Reads a comment, with its signs; most say nothing.
    #[must_use]
    pub fn read(comment: &[u8]) -> Option<Self> {
        // Nearly every comment ends here.
        let inner = strip_signs(comment);
        let first = inner.first()?;
        if !matches!(first.to_ascii_lowercase(), b's' | b'm' | b'+' | b'>' | b'c' | b'n') {
            return None;
        }
        let text = String::from_utf8_lossy(inner);
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("shipway:") {
            return Some(own(rest.trim()));
        }
        mark(text, comment).map(Self::Mark)
    }
}

fn strip_signs(comment: &[u8]) -> &[u8] {
    let inner = comment
        .strip_prefix(b"--")
        .or_else(|| comment.strip_prefix(b"#"))
        .or_else(|| Some(comment.strip_prefix(b"/*")?.strip_suffix(b"*/").unwrap_or(comment)))
        .unwrap_or(comment);
    inner.trim_ascii()
}

fn mark(text: &str, comment: &[u8]) -> Option<Mark> {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let off = |key: &str| words.iter().any(|word| word.strip_prefix(key) == Some(":false"));
    // What hides the rest of a file is read as strictly as the tools read it (dbmate's `parse.go`,
    // goose's `sqlparser`): in a comment of one line, and in these letters.
    let exact = |mark: &str| comment.starts_with(b"--") && text.starts_with(mark);
    match words[..] {
        ["migrate:up", ..] if off("transaction") => Some(Mark::NoTransaction),
        ["migrate:up", ..] => Some(Mark::Up(Tool::Dbmate)),
        ["migrate:down", ..] if exact("migrate:down") => Some(Mark::Down(Tool::Dbmate)),
        ["+goose", "up", ..] => Some(Mark::Up(Tool::Goose)),
        ["+goose", "down", ..] if exact("+goose Down") => Some(Mark::Down(Tool::Goose)),
        ["+goose", "no", "transaction", ..] => Some(Mark::NoTransaction),
        ["+goose", "statementbegin", ..] => Some(Mark::StatementBegin),
        ["+goose", "statementend", ..] => Some(Mark::StatementEnd),
        [">", "statement-breakpoint", ..] => Some(Mark::Breakpoint),
        ["no-transaction", ..] => Some(Mark::NoTransaction),
        ["changeset", ..] if comment.starts_with(b"--") => Some(Mark::Changeset {
            transaction: !off("runintransaction"),
            splits: !off("splitstatements"),
        }),
        _ => None,
    }
}

fn own(text: &str) -> Directive {
    let Some(rest) = text.strip_prefix("allow ") else {
        return match text {
            "before-deployment" => Directive::Phase(Phase::Before),
            "after-deployment" => Directive::Phase(Phase::After),
            _ => Directive::Unknown(text.to_owned()),
        };
    };
    let (rules, reason) = rest.split_once(':').unwrap_or((rest, ""));
    let rules = rules.split([',', ' ']).map(str::trim).filter(|rule| !rule.is_empty());
    Directive::Allow(Allow {
        rules: rules.map(str::to_owned).collect(),
        reason: reason.trim().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(comment: &str) -> Option<Directive> {
        Directive::read(comment.as_bytes())
    }

    #[test]
    fn every_tool_is_understood() {
        let mark = |comment| match read(comment) {
            Some(Directive::Mark(mark)) => Some(mark),
            _ => None,
        };
        assert_eq!(mark("-- migrate:up"), Some(Mark::Up(Tool::Dbmate)));
        assert_eq!(mark("-- migrate:up transaction:false"), Some(Mark::NoTransaction));
        assert_eq!(mark("--migrate:down"), Some(Mark::Down(Tool::Dbmate)));
        assert_eq!(mark("-- +goose Down"), Some(Mark::Down(Tool::Goose)));
        assert_eq!(mark("-- +goose NO TRANSACTION"), Some(Mark::NoTransaction));
        assert_eq!(mark("-- +goose StatementBegin"), Some(Mark::StatementBegin));
        assert_eq!(mark("--> statement-breakpoint"), Some(Mark::Breakpoint));
        let changeset = |transaction, splits| Some(Mark::Changeset { transaction, splits });
        assert_eq!(mark("--changeset a:1"), changeset(true, true));
        assert_eq!(mark("--changeset a:1 runInTransaction:false"), changeset(false, true));
        assert_eq!(mark("-- nothing here"), None);
        for other in ["/* migrate:down */", "-- MIGRATE:DOWN", "-- +goose down", "# migrate:down"] {
            assert_eq!(mark(other), None, "{other}");
        }
        assert_eq!(mark("-- create it"), None);
    }

    #[test]
    fn an_allow_has_rules_and_a_reason() {
        let allow = |rules: &[&str], reason: &str| {
            let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
            Some(Directive::Allow(Allow { rules, reason: reason.to_owned() }))
        };
        assert_eq!(
            read("-- shipway: allow drop-table, truncate: unused since May"),
            allow(&["drop-table", "truncate"], "unused since May")
        );
        assert_eq!(read("/* shipway: allow drop-table */"), allow(&["drop-table"], ""));
        assert_eq!(read("-- shipway: after-deployment"), Some(Directive::Phase(Phase::After)));
        assert_eq!(read("-- shipway: alow x"), Some(Directive::Unknown("alow x".into())));
    }
}
