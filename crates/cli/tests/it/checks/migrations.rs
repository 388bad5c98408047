//! `shipway check migrations`: what is judged, and how it answers.

use insta::assert_snapshot;

use super::Change;

const MERGED: &[(&str, &str)] = &[
    ("migrations/1_shop.sql", "CREATE TABLE orders (id bigint, note text);\nDROP TABLE old;\n"),
    ("migrations/2_notes.sql", "ALTER TABLE orders ADD COLUMN memo text;\n"),
];

/// A change of one new migration.
fn of(sql: &str) -> Change {
    Change::new(MERGED, &[("migrations/3_new.sql", sql)])
}

const LOSES: &str = "SET lock_timeout = '1s';\n\
    ALTER TABLE orders\n    DROP COLUMN note;\n\
    -- shipway: allow truncate: the archive has them\n\
    TRUNCATE orders;\n";

#[test]
fn only_new_migrations_are_judged_and_merged_ones_stay_as_they_are() {
    let change = Change::new(MERGED, &[]);
    let (code, out, _) = change.check(&["migrations"]);
    assert_eq!(
        (code, out.as_str()),
        (0, "0 files, 0 statements, 2 merged before, nothing is new: nothing found\n")
    );

    change.write(&[("migrations/2_notes.sql", "SELECT 1;\n")]);
    change.repo.git(&["rm", "--quiet", "migrations/1_shop.sql"]).unwrap();
    change.write(&[("migrations/2_more.sql", "SELECT 1;\n")]);
    change.repo.commit("Rewrite what was merged").unwrap();
    let (code, found) = change.found(&[]);
    assert_eq!(code, 1);
    assert_eq!(
        found,
        [
            "migrations/1_shop.sql:1 merged-migration-deleted",
            "migrations/2_notes.sql:1 merged-migration-changed",
            "migrations/2_more.sql:1 duplicate-version",
        ]
    );

    let all = Change::new(MERGED, &[]);
    let (_, found) = all.found(&["--all"]);
    assert!(found.contains(&"migrations/1_shop.sql:2 drop-table".to_owned()), "{found:?}");
    let (code, _, error) = all.check(&["migrations", "--base", "gone"]);
    assert_eq!(code, 2);
    assert!(error.contains("there is no commit `gone`"), "{error}");
}

#[test]
fn people_read_place_severity_statement_and_what_to_do() {
    let (code, out, _) = of(LOSES).check(&["migrations"]);
    assert_eq!(code, 1);
    assert_snapshot!(out, @r##"
    migrations/3_new.sql:2:1: critical: drops the column `note` of `orders` and its values [drop-column]
        ALTER TABLE orders
            DROP COLUMN note
      help: 1. Deploy a version that neither reads nor writes `note` (tell the ORM to ignore it).
            2. Drop it in a later migration, after that deployment: ALTER TABLE orders DROP COLUMN note;
    migrations/3_new.sql:5:1: allowed: removes every row of `orders` [truncate]
        TRUNCATE orders
      allowed by line 4: the archive has them
    1 file, 3 statements, 2 merged before: 1 critical, 1 allowed
    "##);
}

#[test]
fn programs_read_json() {
    let (code, out, _) = of(LOSES).check(&["migrations", "--format", "json"]);
    assert_eq!(code, 1);
    assert_snapshot!(out, @r##"
    {"findings":[
    {"rule":"drop-column","severity":"critical","kind":"found","file":"migrations/3_new.sql","span":{"start":{"line":2,"column":1},"end":{"line":3,"column":21}},"message":"drops the column `note` of `orders` and its values","excerpt":"ALTER TABLE orders\n    DROP COLUMN note","fingerprint":"216add014ffea555d520a06f13d36a66","help":"1. Deploy a version that neither reads nor writes `note` (tell the ORM to ignore it).\n2. Drop it in a later migration, after that deployment: ALTER TABLE orders DROP COLUMN note;","allowed":null},
    {"rule":"truncate","severity":"critical","kind":"found","file":"migrations/3_new.sql","span":{"start":{"line":5,"column":1},"end":{"line":5,"column":16}},"message":"removes every row of `orders`","excerpt":"TRUNCATE orders","fingerprint":"6a47d407ed934e9353a8985df8e60b4a","help":"Delete what is no longer needed by key, in batches, after a backup: DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE … LIMIT 1000);","allowed":{"reason":"the archive has them","by":"line 4"}}
    ],"tally":{"critical":1,"high":0,"medium":0,"low":0,"undecided":0,"allowed":1},"looked_at":"1 file, 3 statements, 2 merged before"}
    "##);
}

#[test]
fn code_scanning_reads_sarif() {
    let (code, out, _) = of(LOSES).check(&["migrations", "--format", "sarif"]);
    assert_eq!(code, 1);
    let mut sarif: serde_json::Value = serde_json::from_str(&out).unwrap();
    let run = &mut sarif["runs"][0];
    let known = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        assert!(known.iter().any(|rule| rule["id"] == result["ruleId"]), "{result}");
    }
    assert_snapshot!(serde_json::to_string_pretty(&run["results"]).unwrap(), @r##"
    [
      {
        "ruleId": "drop-column",
        "kind": "fail",
        "level": "error",
        "message": {
          "text": "drops the column `note` of `orders` and its values\n1. Deploy a version that neither reads nor writes `note` (tell the ORM to ignore it).\n2. Drop it in a later migration, after that deployment: ALTER TABLE orders DROP COLUMN note;"
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "migrations/3_new.sql"
              },
              "region": {
                "startLine": 2,
                "startColumn": 1,
                "endLine": 3,
                "endColumn": 21,
                "snippet": {
                  "text": "ALTER TABLE orders\n    DROP COLUMN note"
                }
              }
            }
          }
        ],
        "partialFingerprints": {
          "shipway/v1": "216add014ffea555d520a06f13d36a66"
        }
      },
      {
        "ruleId": "truncate",
        "kind": "fail",
        "level": "error",
        "message": {
          "text": "removes every row of `orders`\nDelete what is no longer needed by key, in batches, after a backup: DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE … LIMIT 1000);"
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "migrations/3_new.sql"
              },
              "region": {
                "startLine": 5,
                "startColumn": 1,
                "endLine": 5,
                "endColumn": 16,
                "snippet": {
                  "text": "TRUNCATE orders"
                }
              }
            }
          }
        ],
        "partialFingerprints": {
          "shipway/v1": "6a47d407ed934e9353a8985df8e60b4a"
        },
        "suppressions": [
          {
            "kind": "inSource",
            "status": "accepted",
            "justification": "the archive has them"
          }
        ]
      }
    ]
    "##);
}

#[test]
fn a_pull_request_shows_annotations() {
    let (code, out, _) = of(LOSES).check(&["migrations", "--format", "github"]);
    assert_eq!(code, 1);
    assert_snapshot!(out, @r##"
    ::error file=migrations/3_new.sql,line=2,endLine=3,col=1,title=drop-column::drops the column `note` of `orders` and its values%0A1. Deploy a version that neither reads nor writes `note` (tell the ORM to ignore it).%0A2. Drop it in a later migration, after that deployment: ALTER TABLE orders DROP COLUMN note;
    ::notice file=migrations/3_new.sql,line=5,endLine=5,col=1,title=truncate::removes every row of `orders` (allowed: the archive has them)
    "##);
}

#[test]
fn the_exit_code_says_whether_the_gate_is_shut() {
    let medium = "SET lock_timeout = '1s';\nCREATE INDEX a ON orders (note);\n";
    for (sql, arguments, code) in [
        ("CREATE TABLE a (id int);\n", &[][..], 0),
        (medium, &[], 1),
        (medium, &["--fail-on", "high"], 0),
        (LOSES, &["--fail-on", "critical"], 1),
        ("FROBNICATE orders;\n", &["--fail-on", "critical"], 1),
    ] {
        assert_eq!(of(sql).found(arguments).0, code, "{sql} {arguments:?}");
    }
    assert_eq!(of(medium).check(&["migrations", "--fail-on", "worse"]).0, 2);
    assert_eq!(of(medium).check(&["migrations", "gone.sql"]).0, 2);
}

#[test]
fn an_allowance_counts_with_its_reason_alone() {
    let file = "migrations/3_new.sql";
    let with =
        of("-- shipway: allow truncate, no-lock-timeout: a copy is kept\nTRUNCATE orders;\n");
    let (code, out, _) = with.check(&["migrations"]);
    assert_eq!(code, 0, "{out}");
    assert!(out.contains("allowed by line 1: a copy is kept"), "{out}");
    assert!(out.ends_with("2 allowed\n"), "{out}");

    let without = of("SET lock_timeout = '1s';\n-- shipway: allow truncate\nTRUNCATE orders;\n");
    let found = [format!("{file}:2 allow-without-reason"), format!("{file}:3 truncate")];
    assert_eq!(without.found(&[]), (1, found.to_vec()));
}

#[test]
fn what_cannot_be_analysed_keeps_the_gate_shut() {
    for sql in ["SELECT 'never ends;\nSELECT 1;\n", "FROBNICATE orders;\n", "\\i other.sql\n"] {
        let (code, out, _) = of(sql).check(&["migrations"]);
        assert_eq!(code, 1, "{sql}");
        assert!(out.contains("not analysed"), "{sql}{out}");
    }
}

#[test]
fn what_is_destructive_is_found_wherever_it_hides() {
    for sql in [
        "DO $$ BEGIN DROP TABLE orders; END $$;",
        "DO $$ BEGIN EXECUTE 'DROP ' || 'TABLE orders'; END $$;",
        "ALTER TABLE orders ADD COLUMN (;\nDROP TABLE orders;",
        "SELECT 'never ends;\nDROP TABLE orders;",
        "SELECT 1;\nDROP TABLE orders",
        "drop\n  /* why */ table -- now\n  if exists only_old.orders",
    ] {
        let (code, found) = of(sql).found(&[]);
        assert_eq!(code, 1, "{sql}");
        assert!(found.iter().any(|of| of.ends_with(" drop-table")), "{sql}: {found:?}");
    }
}

#[test]
fn what_does_not_run_is_not_found() {
    let sql = "-- DROP TABLE orders;\n/* TRUNCATE orders; /* DROP TABLE orders; */ */\n\
        SELECT 'DROP TABLE orders;', $x$ TRUNCATE orders; $x$, \"DROP TABLE orders\" FROM a;\n\
        COMMENT ON TABLE orders IS 'DROP TABLE orders';\n\
        COPY orders (note) FROM stdin;\nDROP TABLE orders;\n\\.\n";
    assert_eq!(of(sql).found(&[]), (0, Vec::new()));
}

#[test]
fn an_event_store_only_grows_and_each_step_has_its_way_back() {
    let adds = ("events/migrations/4_a.sql", "CREATE TABLE refunds (id bigint);\n");
    let back = ("events/migrations/4_a.compensate.sql", "DROP TABLE refunds;\n");
    let alone = Change::new(MERGED, &[adds]);
    assert_eq!(
        alone.found(&["--additive-only"]),
        (1, vec!["events/migrations/4_a.sql:1 no-compensation".to_owned()])
    );
    assert_eq!(Change::new(MERGED, &[adds, back]).found(&["--additive-only"]), (0, Vec::new()));
    let takes = ("events/migrations/4_a.sql", "ALTER TABLE orders DROP COLUMN note;\n");
    let (code, found) = Change::new(MERGED, &[takes, back]).found(&["--additive-only"]);
    assert_eq!(code, 1);
    assert!(found.contains(&"events/migrations/4_a.sql:1 not-additive".to_owned()), "{found:?}");
}

#[test]
fn a_migration_keeps_to_its_phase() {
    let before = of("-- shipway: before-deployment\nALTER TABLE orders DROP COLUMN note;\n");
    assert!(before.found(&[]).1.contains(&"migrations/3_new.sql:2 wrong-phase".to_owned()));
    let after = of("-- shipway: after-deployment\nALTER TABLE orders ADD COLUMN due date;\n");
    assert!(after.found(&[]).1.contains(&"migrations/3_new.sql:2 wrong-phase".to_owned()));
}
