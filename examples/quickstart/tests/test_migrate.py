import sqlite3
import tempfile
import unittest
from contextlib import closing
from pathlib import Path

from migrate import MigrationError, migrate


class Migrate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.database = self.folder / "data" / "test.db"

    def write(self, name, sql):
        (self.folder / name).write_text(sql, "utf-8")

    def migrate(self):
        return migrate(self.database, self.folder)

    def tables(self):
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
            return {name for (name,) in rows}

    def test_in_order_and_once(self):
        self.write("002_row.sql", "INSERT INTO a VALUES (1);\nINSERT INTO a VALUES (2);\n")
        self.write("001_table.sql", "-- first; really\nCREATE TABLE a (x INTEGER);\n")
        self.assertEqual(self.migrate(), ["001_table.sql", "002_row.sql"])
        self.assertEqual(self.migrate(), [])
        self.write("003_more.sql", "CREATE TABLE b (x INTEGER)")
        self.assertEqual(self.migrate(), ["003_more.sql"])
        self.assertLessEqual({"a", "b"}, self.tables())

    def test_a_failing_one_leaves_nothing(self):
        self.write("001_good.sql", "CREATE TABLE a (x INTEGER);")
        self.write("002_bad.sql", "CREATE TABLE b (x INTEGER);\nINSERT INTO nowhere VALUES (1);\n")
        with self.assertRaisesRegex(MigrationError, "002_bad.sql: no such table: nowhere"):
            self.migrate()
        self.assertEqual(self.tables(), set())

    def test_a_changed_one_is_refused(self):
        self.write("001_a.sql", "CREATE TABLE a (x INTEGER);")
        self.migrate()
        self.write("001_a.sql", "CREATE TABLE a (x TEXT);")
        with self.assertRaisesRegex(MigrationError, "001_a.sql was changed"):
            self.migrate()


if __name__ == "__main__":
    unittest.main()
