//! What is in the folders of commits, as git stores it.

use shipway_core::digest::hex;

use super::objects::Object;

/// What is in a folder of a commit.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    mode: String,
    pub(super) name: String,
    pub(super) id: String,
}

impl Entry {
    pub(super) fn is_folder(&self) -> bool {
        self.mode == "40000"
    }

    pub(super) fn is_file(&self) -> bool {
        self.mode.starts_with("100")
    }

    /// Whether its mode is one that git writes today, for what is in the
    /// repository itself.
    pub(super) fn is_usual(&self) -> bool {
        matches!(self.mode.as_str(), "40000" | "100644" | "100755" | "120000")
    }
}

/// What is in a tree: `<mode> <name>`, a zero byte and the id's bytes, each; and
/// whether that is all. Names that are no text are none of ours.
pub(super) fn entries(tree: &Object) -> Option<(Vec<Entry>, bool)> {
    let id_length = tree.id.len() / 2;
    let (mut entries, mut all) = (Vec::new(), true);
    let mut rest = tree.content.as_slice();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == 0)?;
        let (head, after) = (&rest[..end], &rest[end + 1..]);
        let id = after.get(..id_length)?;
        rest = &after[id_length..];
        let Ok(head) = std::str::from_utf8(head) else {
            all = false;
            continue;
        };
        let (mode, name) = head.split_once(' ')?;
        entries.push(Entry { mode: mode.to_owned(), name: name.to_owned(), id: hex(id) });
    }
    Some((entries, all))
}
