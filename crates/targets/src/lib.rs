//! The Target trait, a conformance suite, a scripted fake, and the targets.
