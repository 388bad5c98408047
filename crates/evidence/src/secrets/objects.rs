//! What git keeps, object by object (`git cat-file --batch`).

use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::thread;

use super::LARGEST;
use crate::git::{GitError, command};

/// An object, as it is kept.
pub(super) enum Object<'c> {
    /// A file's content.
    Blob(&'c [u8]),
    /// A file's content that is not read, and how large it is.
    LargeBlob(u64),
    /// A commit or a tag: what it says of itself, an empty line, its message.
    Message(&'c [u8]),
}

/// Reads objects in the order of their ids, and passes over folders.
pub(super) fn read(
    root: &Path,
    ids: &[String],
    mut each: impl FnMut(&str, Object<'_>),
) -> Result<(), GitError> {
    let broken = |error: std::io::Error| failed(error.to_string());
    #[expect(clippy::disallowed_methods, reason = "it ends when its stdin closes")]
    let mut child = command(root)
        .args(["cat-file", "--batch", "--buffer"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(broken)?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed("it has no pipes".to_owned()));
    };
    let read = thread::scope(|scope| {
        // It answers while it is asked: whoever only wrote first would wait for ever.
        let asking = scope.spawn(move || {
            let mut stdin = BufWriter::new(stdin);
            ids.iter().try_for_each(|id| writeln!(stdin, "{id}"))?;
            stdin.flush()
        });
        let mut stdout = BufReader::with_capacity(1 << 20, stdout);
        let mut content = Vec::new();
        for id in ids {
            let mut head = String::new();
            stdout.read_line(&mut head).map_err(broken)?;
            let mut fields = head.split_whitespace().skip(1);
            let (kind, size) = (fields.next(), fields.next().and_then(|size| size.parse().ok()));
            let (Some(kind), Some(size)) = (kind, size) else {
                return Err(failed(format!("{id}: {}", head.trim())));
            };
            let mut body = (&mut stdout).take(size);
            let is_wanted = kind != "tree" && size <= LARGEST;
            if is_wanted {
                content.clear();
                body.read_to_end(&mut content).map_err(broken)?;
            } else {
                std::io::copy(&mut body, &mut std::io::sink()).map_err(broken)?;
            }
            match kind {
                "blob" if is_wanted => each(id, Object::Blob(&content)),
                "tree" => {}
                _ if is_wanted => each(id, Object::Message(&content)),
                _ => each(id, Object::LargeBlob(size)),
            }
            stdout.read_exact(&mut [0]).map_err(broken)?;
        }
        match asking.join() {
            Ok(asked) => asked.map_err(broken),
            Err(_) => Err(failed("asking it failed".to_owned())),
        }
    });
    let status = child.wait().map_err(broken)?;
    match read {
        Ok(()) if !status.success() => Err(failed(status.to_string())),
        read => read,
    }
}

fn failed(stderr: String) -> GitError {
    GitError::Failed { command: "cat-file --batch".to_owned(), stderr }
}
