//! Children that leave nothing behind: control groups, process groups, limits.
