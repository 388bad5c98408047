//! `shipway.yaml`: reading, showing, its schema and reference.

mod affected;
mod agreement;
mod examples;
mod gates;
mod generated;
mod messages;
mod reading;
mod reference;
mod robustness;
mod tree;
