//! The journal and blobs: an append-only, tamper-evident log on SQLite.
