//! The GitHub Actions language: YAML with positions, model, expressions, triggers. Pure.
