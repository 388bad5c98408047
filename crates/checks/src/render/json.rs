//! One JSON document: `findings`, `tally`, `looked_at`.

use std::io::{self, Write};

use crate::check::Tally;
use crate::finding::Finding;

pub(super) fn begin(out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"{\"findings\":[")
}

pub(super) fn finding(out: &mut impl Write, finding: &Finding, first: bool) -> io::Result<()> {
    out.write_all(if first { b"\n" } else { b",\n" })?;
    serde_json::to_writer(out, finding)?;
    Ok(())
}

pub(super) fn end(out: &mut impl Write, tally: &Tally, looked_at: &str) -> io::Result<()> {
    out.write_all(b"\n],\"tally\":")?;
    serde_json::to_writer(&mut *out, tally)?;
    out.write_all(b",\"looked_at\":")?;
    serde_json::to_writer(&mut *out, looked_at)?;
    out.write_all(b"}\n")
}
