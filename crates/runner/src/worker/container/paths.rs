//! What folders of this machine are called in a container.

use std::path::Path;

/// Folders here and there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Paths {
    pairs: Vec<(String, String)>,
}

impl Paths {
    /// A folder inside of another one counts before it.
    pub(crate) fn new<'p>(pairs: impl IntoIterator<Item = (&'p Path, &'p str)>) -> Self {
        let mut pairs: Vec<(String, String)> = pairs
            .into_iter()
            .map(|(here, there)| (here.display().to_string(), there.to_owned()))
            .collect();
        pairs.sort_by_key(|(here, _)| std::cmp::Reverse(here.len()));
        Self { pairs }
    }

    /// A text as the container sees it: another one if it is a path in one of
    /// the folders.
    pub(crate) fn there(&self, text: &str) -> String {
        let pair = |(here, there): &(String, String)| moved(text, here, there);
        self.pairs.iter().find_map(pair).unwrap_or_else(|| text.to_owned())
    }

    /// The way back.
    pub(crate) fn here(&self, text: &str) -> String {
        let pair = |(here, there): &(String, String)| {
            moved(text, there, here).map(|path| (there.len(), path))
        };
        let best = self.pairs.iter().filter_map(pair).max_by_key(|(length, _)| *length);
        best.map_or_else(|| text.to_owned(), |(_, path)| path)
    }
}

fn moved(text: &str, from: &str, to: &str) -> Option<String> {
    let rest = text.strip_prefix(from)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_folder_counts() {
        let paths = Paths::new([
            (Path::new("/job/_temp"), "/__w/_temp"),
            (Path::new("/job/_temp/_github_home"), "/github/home"),
            (Path::new("/job/work"), "/__w/shop/shop"),
        ]);
        assert_eq!(paths.there("/job/_temp/_github_home/.npmrc"), "/github/home/.npmrc");
        assert_eq!(paths.there("/job/_temp"), "/__w/_temp");
        assert_eq!(paths.there("/job/_temporary"), "/job/_temporary");
        assert_eq!(paths.there("see /job/work"), "see /job/work");
        assert_eq!(paths.here("/__w/shop/shop/a.rs"), "/job/work/a.rs");
        assert_eq!(paths.here("/__w/shop"), "/__w/shop");
    }
}
