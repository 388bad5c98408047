//! Coverage of the files of a repository. Reports name files as the tool saw them: absolute,
//! relative to a module, by package. Each is matched with the file of the repository that shares
//! the longest end of the path; what fits none, or several alike, is told and counts for nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::{Coverage, FileCoverage, Ratio};

/// The files of a repository, as reports are matched with them.
#[derive(Debug)]
pub struct Tree<'t> {
    /// By the last part of their paths.
    named: HashMap<&'t str, Vec<&'t str>>,
    roots: &'t [Root],
}

/// What reports call a folder: a Go module's path, or where the repository was when they were
/// written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// How paths in reports begin, such as `example.com/shop`.
    pub prefix: String,
    /// The folder that is meant, from the repository's root; empty for the root.
    pub folder: String,
}

/// Coverage by the repository's own names of files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    /// By the path from the repository's root.
    pub files: BTreeMap<String, FileCoverage>,
    /// Files of reports that are none of the repository, or nobody can tell which.
    pub unplaced: Vec<Unplaced>,
}

/// A file of a report that is none of the repository, or nobody can tell which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unplaced {
    /// As the report names it.
    pub file: String,
    /// Those that it may be, in order; none if there is none.
    pub candidates: Vec<String>,
}

impl fmt::Display for Unplaced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, candidates } = self;
        if candidates.is_empty() {
            return write!(f, "{file} is no file of the repository");
        }
        write!(f, "{file} may be any of {}", candidates.join(", "))
    }
}

/// How surely a file of a report is one of the repository: how, and by how many parts of the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// They end alike.
    End(usize),
    /// One is the end of the other.
    Whole(usize),
    /// It is named so.
    Same,
}

impl<'t> Tree<'t> {
    /// Of files by their paths from the repository's root.
    pub fn new(files: impl IntoIterator<Item = &'t str>, roots: &'t [Root]) -> Self {
        let mut named: HashMap<&str, Vec<&str>> = HashMap::new();
        for file in files {
            named.entry(last(file)).or_default().push(file);
        }
        Self { named, roots }
    }

    fn has(&self, file: &str) -> Option<&'t str> {
        self.named.get(last(file))?.iter().copied().find(|known| *known == file)
    }

    /// The file that a report means, and how surely; several that it may mean, or none.
    fn find(&self, file: &str) -> Result<(&'t str, Fit), Vec<&'t str>> {
        let file = file.trim_start_matches("./");
        let rooted = self.roots.iter().filter_map(|Root { prefix, folder }| {
            let rest = file.strip_prefix(prefix.trim_end_matches('/'))?.strip_prefix('/')?;
            let path = if folder.is_empty() { rest.to_owned() } else { format!("{folder}/{rest}") };
            Some((prefix.len(), self.has(&path)?))
        });
        let rooted = rooted.max_by_key(|(length, _)| *length).map(|(_, known)| known);
        if let Some(known) = self.has(file).or(rooted) {
            return Ok((known, Fit::Same));
        }
        let mut best: Vec<&str> = Vec::new();
        let mut best_fit = Fit::End(1);
        for known in self.named.get(last(file)).into_iter().flatten() {
            let fit = fit(known, file);
            if fit > best_fit {
                best.clear();
            }
            // One name in common alone means nothing.
            if fit >= best_fit && fit > Fit::End(1) {
                best.push(known);
                best_fit = fit;
            }
        }
        match best[..] {
            [one] => Ok((one, best_fit)),
            _ => Err(best),
        }
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn fit(known: &str, file: &str) -> Fit {
    let (mut a, mut b) = (known.rsplit('/'), file.trim_start_matches('/').rsplit('/'));
    let mut alike = 0;
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) if a == b => alike += 1,
            (None, _) | (_, None) => return Fit::Whole(alike),
            _ => return Fit::End(alike),
        }
    }
}

impl Coverage {
    /// The same by the repository's own names of files.
    #[must_use]
    pub fn placed(self, tree: &Tree<'_>) -> Placed {
        let mut placed = Placed::default();
        let mut claims: BTreeMap<&str, Claims> = BTreeMap::new();
        for (name, file) in self.files {
            match tree.find(&name) {
                Ok((known, fit)) => {
                    let claims = claims.entry(known).or_insert_with(|| Claims::of(fit));
                    if fit > claims.fit {
                        let weaker = std::mem::replace(claims, Claims::of(fit)).files;
                        placed
                            .unplaced
                            .extend(weaker.into_iter().map(|(name, _)| Unplaced::none(name)));
                    }
                    if fit == claims.fit {
                        claims.files.push((name, file));
                    } else {
                        placed.unplaced.push(Unplaced::none(name));
                    }
                }
                Err(candidates) => {
                    let candidates = candidates.into_iter().map(str::to_owned).collect();
                    placed.unplaced.push(Unplaced { file: name, candidates });
                }
            }
        }
        for (known, Claims { fit, files }) in claims {
            // Two files that end alike cannot both be this one.
            if fit != Fit::Same && files.len() > 1 {
                let told = files.into_iter().map(|(file, _)| Unplaced::none(file));
                placed.unplaced.extend(told);
            } else {
                files.into_iter().for_each(|(_, file)| placed.add(known, file));
            }
        }
        placed
    }
}

/// The files of a report that fit a file of the repository best.
struct Claims {
    fit: Fit,
    files: Vec<(String, FileCoverage)>,
}

impl Claims {
    const fn of(fit: Fit) -> Self {
        Self { fit, files: Vec::new() }
    }
}

impl Unplaced {
    const fn none(file: String) -> Self {
        Self { file, candidates: Vec::new() }
    }
}

impl Placed {
    fn add(&mut self, known: &str, file: FileCoverage) {
        match self.files.get_mut(known) {
            Some(kept) => kept.merge(file),
            None => drop(self.files.insert(known.to_owned(), file)),
        }
    }

    /// Adds what another report says; hits of the same line add up.
    pub fn merge(&mut self, other: Self) {
        other.files.into_iter().for_each(|(known, file)| self.add(&known, file));
        self.unplaced.extend(other.unplaced);
    }

    /// Leaves out files.
    pub fn leave_out(&mut self, is_left_out: impl Fn(&str) -> bool) {
        self.files.retain(|file, _| !is_left_out(file));
    }

    /// How many lines of the files that are asked for ran.
    pub fn ratio_of(&self, is_asked_for: impl Fn(&str) -> bool) -> Ratio {
        let mut sum = Ratio::default();
        let files = self.files.iter().filter(|(file, _)| is_asked_for(file));
        files.for_each(|(_, file)| sum += file.ratio());
        sum
    }

    /// How many of all lines ran.
    #[must_use]
    pub fn total(&self) -> Ratio {
        self.ratio_of(|_| true)
    }

    /// How many lines of files in a folder ran: of a service, for example.
    #[must_use]
    pub fn below(&self, folder: &str) -> Ratio {
        let folder = folder.trim_end_matches('/');
        self.ratio_of(|file| {
            folder.is_empty() || file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILES: &[&str] = &[
        "setup.py",
        "services/api/src/app/price.py",
        "services/web/src/app/price.py",
        "services/api/src/app/cart.py",
        "java/src/main/java/com/example/Price.java",
        "go/price/price.go",
        "go/util.go",
    ];

    fn found(file: &str) -> Result<&'static str, Vec<&'static str>> {
        let roots = [
            Root { prefix: "example.com/shop".into(), folder: "go".into() },
            Root { prefix: "/build/17".into(), folder: String::new() },
        ];
        let roots: &'static [Root] = Vec::leak(roots.to_vec());
        Tree::new(FILES.iter().copied(), roots).find(file).map(|(known, _)| known)
    }

    #[test]
    fn files_are_found_however_a_report_names_them() {
        for (file, known) in [
            ("setup.py", "setup.py"),
            ("./setup.py", "setup.py"),
            ("/home/ci/shop/setup.py", "setup.py"),
            ("/build/17/services/api/src/app/price.py", "services/api/src/app/price.py"),
            ("/ci/services/web/src/app/price.py", "services/web/src/app/price.py"),
            ("api/src/app/price.py", "services/api/src/app/price.py"),
            ("app/cart.py", "services/api/src/app/cart.py"),
            ("cart.py", "services/api/src/app/cart.py"),
            ("/usr/src/app/cart.py", "services/api/src/app/cart.py"),
            ("com/example/Price.java", "java/src/main/java/com/example/Price.java"),
            ("example.com/shop/price/price.go", "go/price/price.go"),
            ("example.com/shop/util.go", "go/util.go"),
        ] {
            assert_eq!(found(file), Ok(known), "{file}");
        }
    }

    #[test]
    fn what_fits_none_or_several_is_told() {
        assert_eq!(found("app/price.py").unwrap_err().len(), 2);
        assert_eq!(found("/usr/lib/python3/yaml/cart.py"), Err(vec![]));
        assert_eq!(found("gone.py"), Err(vec![]));
        let told =
            Unplaced { file: "a.py".into(), candidates: vec!["x/a.py".into(), "y/a.py".into()] };
        assert_eq!(told.to_string(), "a.py may be any of x/a.py, y/a.py");
    }

    fn file(lines: &[(u32, u64)]) -> FileCoverage {
        FileCoverage { lines: lines.iter().copied().collect(), ..FileCoverage::default() }
    }

    fn placed(files: &[(&str, FileCoverage)]) -> Placed {
        let files = files.iter().map(|(name, file)| ((*name).to_owned(), file.clone())).collect();
        Coverage { files }.placed(&Tree::new(FILES.iter().copied(), &[]))
    }

    #[test]
    fn the_one_that_fits_best_is_meant() {
        // A library has a file that ends as one of the repository does.
        let placed = placed(&[
            ("/venv/lib/src/app/cart.py", file(&[(1, 1)])),
            ("services/api/src/app/cart.py", file(&[(1, 0)])),
        ]);
        assert_eq!(placed.total(), Ratio { covered: 0, lines: 1 });
        assert_eq!(placed.unplaced, [Unplaced::none("/venv/lib/src/app/cart.py".into())]);
    }

    #[test]
    fn two_that_fit_alike_are_neither() {
        let placed = placed(&[
            ("/a/src/app/cart.py", file(&[(1, 1)])),
            ("/b/src/app/cart.py", file(&[(1, 1)])),
        ]);
        assert_eq!((placed.files.len(), placed.unplaced.len()), (0, 2));
    }

    #[test]
    fn reports_add_up_by_file_and_folder() {
        let api = "services/api/src/app/price.py";
        let mut all = placed(&[(api, file(&[(1, 1), (2, 0), (3, 0)]))]);
        all.merge(placed(&[(api, file(&[(2, 2)])), ("setup.py", file(&[(1, 0)]))]));
        assert_eq!(all.total(), Ratio { covered: 2, lines: 4 });
        assert_eq!(all.below("services/api"), Ratio { covered: 2, lines: 3 });
        assert_eq!(all.below("services/a"), Ratio::default());
        assert_eq!(all.below("services/web").percent(), None);
        all.leave_out(|file| file == "setup.py");
        assert_eq!(all.total().percent(), Some(200.0 / 3.0));
    }
}
