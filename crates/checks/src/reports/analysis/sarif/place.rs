//! Where a result is: a path from the repository's root, as far as the report lets know it, and a
//! stretch of the file.

use super::log::{ArtifactLocation, Location, Region, Run};
use crate::finding::{Pos, Span};

/// Base ids that stand on each other are followed no further.
const DEEPEST: usize = 8;

/// The file of the first location, and where in it. Empty: it is about no file.
pub(super) fn of(locations: Option<&[Location]>, run: &Run) -> (String, Span) {
    let physical =
        locations.into_iter().flatten().find_map(|location| location.physical_location.as_ref());
    let Some(physical) = physical else { return (String::new(), Span::FILE) };
    let file = physical.artifact_location.as_ref().map(|artifact| path(artifact, run));
    let span = physical.region.as_ref().map_or(Span::FILE, span);
    (file.unwrap_or_default(), span)
}

fn span(region: &Region) -> Span {
    let number = |of: Option<i64>| of.and_then(|of| usize::try_from(of).ok()).filter(|of| *of > 0);
    let Some(line) = number(region.start_line) else { return Span::FILE };
    let start = Pos { line, column: number(region.start_column).unwrap_or(1) };
    let end_line = number(region.end_line).unwrap_or(line);
    // Without a column it ends with its last line (3.30.8): no column is known to stand for that.
    let end = number(region.end_column).map(|column| Pos { line: end_line, column });
    Span { start, end: end.unwrap_or(Pos { line: end_line, column: start.column }).max(start) }
}

/// The path of an artifact.
fn path(artifact: &ArtifactLocation, run: &Run) -> String {
    let indexed = || {
        let index = usize::try_from(artifact.index?).ok()?;
        run.artifacts.as_ref()?.get(index)?.location.as_ref()
    };
    let artifact = if artifact.uri.is_some() { artifact } else { indexed().unwrap_or(artifact) };
    let uri = artifact.uri.as_deref().unwrap_or_default();
    if is_absolute(uri) {
        return relative(uri, run);
    }
    let base = base(artifact.uri_base_id.as_deref(), run);
    let path = decoded(&format!("{base}{uri}")).replace('\\', "/");
    path.strip_prefix("./").unwrap_or(&path).to_owned()
}

/// What stands before a path for its base id. A base that is absolute is where the repository
/// was: nothing.
fn base(id: Option<&str>, run: &Run) -> String {
    let mut prefix = String::new();
    let mut next = id;
    for _ in 0..DEEPEST {
        let known = next.and_then(|id| run.original_uri_base_ids.as_ref()?.get(id));
        let Some(ArtifactLocation { uri, uri_base_id, .. }) = known else { break };
        let uri = uri.as_deref().unwrap_or_default();
        if is_absolute(uri) {
            break;
        }
        let slash = if uri.is_empty() || uri.ends_with('/') { "" } else { "/" };
        prefix = format!("{uri}{slash}{prefix}");
        next = uri_base_id.as_deref();
    }
    prefix
}

/// An absolute address without the folder that the tool says it worked in.
fn relative(uri: &str, run: &Run) -> String {
    let bases = run.original_uri_base_ids.iter().flat_map(|bases| bases.values());
    let folders = run.invocations.iter().flatten().filter_map(|of| of.working_directory.as_ref());
    let folders = bases.chain(folders).filter_map(|of| of.uri.as_deref());
    let rest = folders.filter(|folder| is_absolute(folder)).filter_map(|folder| {
        let folder = folder.trim_end_matches('/');
        uri.strip_prefix(folder)?.strip_prefix('/').filter(|_| !folder.ends_with(':'))
    });
    let shortest = rest.min_by_key(|rest| rest.len());
    let path = shortest.or_else(|| uri.strip_prefix("file://")).unwrap_or(uri);
    if path.contains("://") { path.to_owned() } else { decoded(path).replace('\\', "/") }
}

/// Whether it begins with a scheme (RFC 3986); a drive's letter is none.
fn is_absolute(uri: &str) -> bool {
    let scheme = uri.split(':').next().filter(|scheme| scheme.len() < uri.len());
    scheme.is_some_and(|scheme| {
        scheme.len() > 1
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// Percent-encoded bytes as what they are.
fn decoded(uri: &str) -> String {
    let mut bytes = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let [first, after @ ..] = rest {
        let hex =
            |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let escaped = match (first, after) {
            (b'%', [high, low, ..]) => hex(high).zip(hex(low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.push(high << 4 | low);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
