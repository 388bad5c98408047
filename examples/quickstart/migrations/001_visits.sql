-- How often each page was visited.
CREATE TABLE visits (
    page  TEXT PRIMARY KEY,
    count INTEGER NOT NULL
);
