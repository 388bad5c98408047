//! The body of Put Block List:
//!
//! ```xml
//! <?xml version="1.0" encoding="utf-8"?>
//! <BlockList><Latest>AAAA</Latest><Uncommitted>AAAB</Uncommitted></BlockList>
//! ```
//!
//! Clients send nothing else, so nothing else is read: no attributes, no
//! entities, no comments.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::storage::BlockId;

/// The ids of the list in their order. `None`: it is no such list.
pub(super) fn parse(text: &str) -> Option<Vec<BlockId>> {
    let mut rest = text.trim_start_matches('\u{feff}').trim();
    if let Some(declared) = rest.strip_prefix("<?xml") {
        rest = declared.split_once("?>")?.1.trim_start();
    }
    if rest == "<BlockList/>" || rest == "<BlockList />" {
        return Some(Vec::new());
    }
    rest = rest.strip_prefix("<BlockList>")?.strip_suffix("</BlockList>")?.trim();
    let mut ids = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<')?.split_once('>')?;
        if !matches!(name, "Latest" | "Uncommitted" | "Committed") {
            return None;
        }
        let (id, after) = after.split_once('<')?;
        ids.push(decode(id.trim())?);
        rest = after.strip_prefix('/')?.strip_prefix(name)?.strip_prefix('>')?.trim_start();
    }
    Some(ids)
}

/// A block's id: base64 with padding.
pub(super) fn decode(id: &str) -> Option<BlockId> {
    STANDARD.decode(id).ok().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_as_clients_send_them() {
        let list = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<BlockList>\
                    <Latest>YQ==</Latest>\n <Uncommitted> Yg== </Uncommitted></BlockList>\n";
        assert_eq!(parse(list), Some(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(parse("<BlockList></BlockList>"), Some(vec![]));
        assert_eq!(parse("<BlockList/>"), Some(vec![]));
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for bad in [
            "",
            "<BlockList>",
            "<BlockList><Latest>YQ==</BlockList>",
            "<BlockList><Latest>YQ==</Uncommitted></BlockList>",
            "<BlockList><Other>YQ==</Other></BlockList>",
            "<BlockList><Latest>no base64</Latest></BlockList>",
            "<BlockList><Latest></Latest></BlockList>",
            "<BlockList a=\"b\"></BlockList>",
            "<!DOCTYPE x [<!ENTITY a \"b\">]><BlockList></BlockList>",
            "<?xml <BlockList></BlockList>",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(text in "(<|>|/|Latest|BlockList|YQ==|\\?|[ -~]){0,40}") {
            parse(&text);
        }

        #[test]
        fn every_list_comes_back(ids in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..64), 0..20)) {
            let items: String =
                ids.iter().map(|id| format!("<Latest>{}</Latest>", STANDARD.encode(id))).collect();
            prop_assert_eq!(parse(&format!("<BlockList>{items}</BlockList>")), Some(ids));
        }
    }
}
