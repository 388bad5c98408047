//! What the rules say and what PostgreSQL does agree, on every example of every rule that running
//! it can show.

use std::collections::{HashMap, HashSet};
use std::fs;

use shipway_checks::migrations::{Observed, rules};
use shipway_checks::sql::Dialect;
use shipway_evidence::migrations::{Request, gather};
use shipway_evidence::postgres::{Place, Proof, Rows, prove};

use crate::examples;

/// What only a superuser can prepare.
const KEEPER: &str = "\
    CREATE TABLESPACE elsewhere LOCATION ''; GRANT CREATE ON TABLESPACE elsewhere TO PUBLIC; \
    CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler; \
    CREATE ROLE reporting;";

/// Applies one migration to the shop.
async fn run(sql: &str, rows: &Rows) -> Proof {
    let place = Place::throw_away().await.unwrap();
    let proof = run_at(&place, sql, rows).await;
    place.remove().await.unwrap();
    proof
}

async fn run_at(place: &Place, sql: &str, rows: &Rows) -> Proof {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("migrations")).unwrap();
    fs::write(dir.path().join("migrations/2_new.sql"), sql).unwrap();
    let given = fs::read_to_string(examples::folder().join("given.sql")).unwrap();
    let client = place.migrator().await.unwrap();
    client.batch_execute(&given).await.unwrap();
    let gathered = gather(dir.path(), &Request::default()).unwrap();
    prove(place, &gathered, rows, "UTC").await.unwrap()
}

/// One server for all examples; a database is too much to share, so each has its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_and_what_is_seen_agree() {
    let place = Place::throw_away().await.unwrap();
    let keeper = place.keeper().await.unwrap();
    keeper.batch_execute(KEEPER.split("; ").next().unwrap()).await.unwrap();
    for statement in KEEPER.split("; ").skip(1) {
        keeper.batch_execute(statement).await.unwrap();
    }
    let observable: HashMap<String, Observed> = rules::all()
        .iter()
        .filter(|rule| !matches!(rule.observed, Observed::Not(_)))
        .map(|rule| (rule.rule.id.to_string(), rule.observed))
        .collect();
    let mut shown = HashSet::new();
    let mut wrong = Vec::new();
    for example in examples::all() {
        let of_it = observable.contains_key(&example.rule);
        if example.dialect != Dialect::Postgres || example.additive || !of_it {
            continue;
        }
        reset(&place).await;
        let proof = run_at(&place, &example.sql, &Rows::default()).await;
        let mut says = false;
        for statement in &proof.statements {
            for (rule, seen) in &statement.said {
                if *rule == example.rule && *seen == Some(true) {
                    says = true;
                } else if *seen == Some(false) {
                    wrong.push(format!(
                        "{rule} was said and not seen: {}{:#?}",
                        example.sql, statement.observed
                    ));
                }
            }
            for finding in &statement.unsaid {
                wrong.push(format!("{finding}: {}{:#?}", example.sql, statement.observed));
            }
            let failed = statement.observed.as_ref().and_then(|seen| seen.error.as_ref());
            if let Some(error) = failed.filter(|_| observable[&example.rule] != Observed::Refused) {
                wrong.push(format!("{} ({}): {error}: {}", example.rule, example.why, example.sql));
            }
        }
        if example.bad && !says {
            wrong.push(format!(
                "{} was not seen: {}{:#?}",
                example.rule, example.sql, proof.statements
            ));
        }
        if says {
            shown.insert(example.rule.clone());
        }
    }
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
    let never: Vec<_> = observable.keys().filter(|rule| !shown.contains(*rule)).collect();
    assert!(never.is_empty(), "never seen: {never:?}");
}

/// The database as it was before any example.
async fn reset(place: &Place) {
    let keeper = place.keeper().await.unwrap();
    let reset = "DROP SCHEMA IF EXISTS public, archive, attic, empty, reporting, shipway_proof CASCADE; \
        DROP EVENT TRIGGER IF EXISTS shipway_dropped; DROP ROLE IF EXISTS reporting; \
        CREATE ROLE reporting; CREATE SCHEMA public AUTHORIZATION shipway_migrator; \
        GRANT ALL ON SCHEMA public TO PUBLIC; GRANT CREATE ON DATABASE proof TO shipway_migrator";
    keeper.batch_execute(reset).await.unwrap();
}

#[tokio::test]
async fn what_the_text_does_not_show_is_found() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("migrations")).unwrap();
    let hidden = "SELECT wipe();";
    let given = "CREATE TABLE a (id int); INSERT INTO a SELECT generate_series(1, 2000); \
        CREATE FUNCTION wipe() RETURNS void AS $$ BEGIN EXECUTE 'DR' || 'OP TABLE a'; END $$ LANGUAGE plpgsql;";
    fs::write(dir.path().join("migrations/2_new.sql"), hidden).unwrap();
    let place = Place::throw_away().await.unwrap();
    place.migrator().await.unwrap().batch_execute(given).await.unwrap();
    let gathered = gather(dir.path(), &Request::default()).unwrap();
    let proof = prove(&place, &gathered, &Rows::default(), "UTC").await.unwrap();
    let told: Vec<_> = proof.statements[0].unsaid.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "migrations/2_new.sql:1:1: high: drops public.a, which its text does not show [observed-only]"
        ]
    );
}

#[tokio::test]
async fn the_time_zone_decides_and_rows_are_estimated() {
    let rows = Rows([("orders".to_owned(), 5_000_000)].into());
    let proof = run("ALTER TABLE orders ALTER COLUMN placed TYPE timestamptz;", &rows).await;
    let seen = proof.statements[0].observed.as_ref().unwrap();
    // In UTC both are stored alike, and nothing is written anew.
    assert_eq!(seen.rewritten, Vec::<String>::new(), "{seen:#?}");
    assert_eq!(seen.locks["orders"], "AccessExclusiveLock");
    let proof = run("UPDATE orders SET state = 'paid';", &rows).await;
    let update = &proof.statements[0];
    assert!(update.observed.as_ref().unwrap().written["orders"] >= 5_000);
    assert!(update.estimate.unwrap() > update.observed.as_ref().unwrap().took * 100);
}

#[tokio::test]
async fn a_program_of_the_server_is_refused_and_nothing_is_left() {
    let proof = run("COPY customers FROM PROGRAM 'id';", &Rows::default()).await;
    let error = proof.statements[0].observed.as_ref().unwrap().error.clone().unwrap();
    assert!(error.contains("42501"), "{error}");
}
