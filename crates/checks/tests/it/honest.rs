//! What people write who mean it well, and what was told of it although there is nothing to tell.

use crate::hidden::{mysql, postgres};

#[test]
fn a_batch_is_one_however_it_is_written() {
    let loops = |update: &str| {
        format!(
            "DO $$ DECLARE low bigint := 0; high bigint; size int := 1000; r record; BEGIN LOOP {update}; \
             EXIT WHEN NOT FOUND; low := low + 1000; END LOOP; END $$;"
        )
    };
    for update in [
        "UPDATE users SET a = 1 WHERE id > low AND id <= low + 1000",
        "UPDATE users SET a = 1 WHERE users.id >= low AND users.id < low + size AND a IS NULL",
        "UPDATE users SET a = 1 WHERE id > low AND id <= high",
        "DELETE FROM users WHERE id > 0 AND id <= 1000",
        "UPDATE users SET a = 1 WHERE id BETWEEN low AND low + 999",
        "UPDATE users AS u SET a = 1 WHERE u.id = r.id",
        "UPDATE users SET a = r.b WHERE r.id = id AND a IS NULL",
        "UPDATE users SET a = 1 WHERE CURRENT OF c",
        "WITH batch AS (SELECT id FROM users WHERE a IS NULL LIMIT 1000) UPDATE users u SET a = 1 FROM batch WHERE u.id = batch.id",
    ] {
        assert!(postgres(&loops(update)).is_empty(), "{update}: {:?}", postgres(&loops(update)));
    }
    for sql in [
        "WITH batch AS MATERIALIZED (SELECT id FROM users LIMIT 1000 FOR UPDATE SKIP LOCKED) UPDATE users SET a = 1 FROM batch b WHERE b.id = users.id;",
        "WITH batch AS (SELECT id FROM users LIMIT 1000) DELETE FROM users USING batch WHERE users.id = batch.id;",
        "WITH batch AS (SELECT id FROM users LIMIT 1000) DELETE FROM users WHERE id IN (SELECT id FROM users LIMIT 10);",
        "WITH batch AS (SELECT id FROM users LIMIT 1000), done AS (UPDATE users SET a = 1 FROM batch WHERE users.id = batch.id RETURNING 1) SELECT count(*) FROM done;",
        "UPDATE users SET a = 1 FROM (SELECT id FROM users LIMIT 1000) AS batch WHERE users.id = batch.id;",
        "UPDATE users SET a = 1 WHERE id > 0 AND id <= 1000;",
    ] {
        assert!(postgres(sql).is_empty(), "{sql}: {:?}", postgres(sql));
    }
    assert!(mysql("UPDATE users SET a = 1 WHERE id > @low AND id <= @low + 1000;").is_empty());
    let each = "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id, b FROM users LOOP UPDATE users SET a = r.b WHERE id = r.id; END LOOP; END $$;";
    assert!(postgres(each).is_empty(), "{:?}", postgres(each));
}

#[test]
fn what_is_prepared_with_its_text_at_hand_is_judged() {
    assert!(postgres("PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p;").is_empty());
    let with =
        "PREPARE p (int) AS UPDATE users SET a = 1 WHERE id = $1; EXECUTE p(1); EXECUTE p (2);";
    assert!(postgres(with).is_empty(), "{:?}", postgres(with));
    for sql in [
        "SET @s = 'ALTER TABLE users ADD a INT'; PREPARE p FROM @s; EXECUTE p; DEALLOCATE PREPARE p;",
        "SET @s = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'users') = 0, \
         'ALTER TABLE users ADD a INT', 'SELECT 1'); PREPARE p FROM @s; EXECUTE p; DEALLOCATE PREPARE p; \
         SET @s = 'SELECT 2'; PREPARE p FROM @s; EXECUTE p;",
        "SELECT COUNT(*) INTO @n FROM information_schema.columns; SET @s := CASE WHEN @n = 0 THEN \
         'ALTER TABLE users ADD a INT' ELSE 'DO 0' END; PREPARE p FROM @s; EXECUTE p;",
        "SET @t = 'users'; SET @c = \"a\"; SET @s = (SELECT IF((SELECT 1) > 0, \"SELECT 1\", \
         CONCAT(\"ALTER TABLE \", @t, \" ADD \", @c, \" INT;\"))); PREPARE p FROM @s; EXECUTE p;",
        "PREPARE p FROM \"SELECT 1\"; EXECUTE p;",
    ] {
        assert!(mysql(sql).is_empty(), "{sql}: {:?}", mysql(sql));
    }
}
