//! Which app answers a request, and which of its versions.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;

use super::backend::Backend;
use super::split::Weights;
use super::sticky::Sticky;
use crate::protocol::{AppId, Split, VersionId};

/// Every route of the machine. Immutable: a change is a new table, put in
/// place by [`super::Proxy::swap`].
#[derive(Debug, Default)]
pub struct Table {
    listeners: BTreeMap<SocketAddr, Routes>,
}

/// A split that cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSplit {
    /// The weights are not percentages of one whole.
    #[error("{app}: the weights sum to {sum}, not to 100")]
    Sum {
        /// Whose split it is.
        app: String,
        /// What they sum to.
        sum: u32,
    },
    /// Traffic would go to a version that is not there.
    #[error("{app}: traffic is to go to version {version}, which the app does not have")]
    Version {
        /// Whose split it is.
        app: String,
        /// What is missing.
        version: String,
    },
    /// A header rule that can never match, or a cookie that cannot be set.
    #[error("{app}: `{text}` is not a {kind}")]
    Text {
        /// Whose split it is.
        app: String,
        /// What it should have been: `header name`, `header value`, `cookie name`.
        kind: &'static str,
        /// What was given.
        text: String,
    },
}

impl Table {
    /// No routes: every request gets 404.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route: on the listener that is bound to `listen`, requests for
    /// one of `hosts` (exact, or `*.example.org`; empty: any) whose path is
    /// `path` or below it go to `app`. An exact host wins over a wildcard, a
    /// longer wildcard over a shorter, any wildcard over "any"; within a host
    /// the longest path wins. A route given twice: the later one wins.
    pub fn add(&mut self, listen: SocketAddr, hosts: &[String], path: &str, app: Arc<App>) {
        self.listeners.entry(listen).or_default().add(hosts, path, app);
    }

    pub(crate) fn find(&self, listen: SocketAddr, host: &str, path: &str) -> Option<&Arc<App>> {
        self.listeners.get(&listen)?.find(host, path)
    }

    /// Every backend of every app, serving or not.
    pub(crate) fn backends(&self) -> impl Iterator<Item = &Arc<Backend>> {
        let apps = self.listeners.values().flat_map(Routes::apps);
        apps.flat_map(|app| app.versions.values())
    }
}

/// The routes of one listener.
#[derive(Debug, Default)]
struct Routes {
    exact: HashMap<Box<str>, Paths>,
    /// By the part after the star, beginning with a dot; longest first.
    wildcard: Vec<(Box<str>, Paths)>,
    any: Paths,
}

impl Routes {
    fn add(&mut self, hosts: &[String], path: &str, app: Arc<App>) {
        if hosts.is_empty() {
            self.any.add(path, app);
            return;
        }
        for host in hosts {
            let host = host.to_ascii_lowercase().into_boxed_str();
            match host.strip_prefix('*') {
                Some(suffix) => self.wildcard_paths(suffix).add(path, app.clone()),
                None => self.exact.entry(host).or_default().add(path, app.clone()),
            }
        }
    }

    fn wildcard_paths(&mut self, suffix: &str) -> &mut Paths {
        let index = match self.wildcard.iter().position(|(known, _)| **known == *suffix) {
            Some(index) => index,
            None => {
                let index = self.wildcard.partition_point(|(known, _)| known.len() > suffix.len());
                self.wildcard.insert(index, (suffix.into(), Paths::default()));
                index
            }
        };
        &mut self.wildcard[index].1
    }

    fn find(&self, host: &str, path: &str) -> Option<&Arc<App>> {
        if self.exact.is_empty() && self.wildcard.is_empty() {
            return self.any.find(path);
        }
        // DNS names have at most 253 characters; what is longer has no route
        // of its own.
        let mut buffer = [0u8; 253];
        let host = lowercase(host, &mut buffer).unwrap_or("");
        let wildcard = || {
            let matching = self
                .wildcard
                .iter()
                .filter(|(suffix, _)| host.len() > suffix.len() && host.ends_with(&**suffix));
            matching.into_iter().find_map(|(_, paths)| paths.find(path))
        };
        let exact = self.exact.get(host).and_then(|paths| paths.find(path));
        exact.or_else(wildcard).or_else(|| self.any.find(path))
    }

    fn apps(&self) -> impl Iterator<Item = &Arc<App>> {
        let wildcard = self.wildcard.iter().map(|(_, paths)| paths);
        let paths = self.exact.values().chain(wildcard).chain([&self.any]);
        paths.flat_map(|paths| paths.0.iter().map(|(_, app)| app))
    }
}

fn lowercase<'b>(host: &str, buffer: &'b mut [u8; 253]) -> Option<&'b str> {
    let target = buffer.get_mut(..host.len())?;
    target.copy_from_slice(host.as_bytes());
    target.make_ascii_lowercase();
    std::str::from_utf8(target).ok()
}

/// Apps by path prefix, longest first; a prefix has no slash at its end.
#[derive(Debug, Default)]
struct Paths(Vec<(Box<str>, Arc<App>)>);

impl Paths {
    fn add(&mut self, path: &str, app: Arc<App>) {
        let prefix = path.trim_end_matches('/');
        match self.0.iter_mut().find(|(known, _)| **known == *prefix) {
            Some((_, known)) => *known = app,
            None => {
                let index = self.0.partition_point(|(known, _)| known.len() >= prefix.len());
                self.0.insert(index, (prefix.into(), app));
            }
        }
    }

    fn find(&self, path: &str) -> Option<&Arc<App>> {
        let matches = |prefix: &str| {
            let rest = path.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.is_empty())
        };
        self.0.iter().find(|(prefix, _)| matches(prefix)).map(|(_, app)| app)
    }
}

/// One app: its versions, and how traffic is divided between them.
#[derive(Debug)]
pub struct App {
    /// Whose it is.
    pub id: AppId,
    versions: IndexMap<VersionId, Arc<Backend>>,
    weights: Weights<Arc<Backend>>,
    headers: Vec<(HeaderName, HeaderValue, Arc<Backend>)>,
    pub(super) sticky: Option<Sticky>,
    hold: bool,
}

/// Which version a request goes to.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) backend: Arc<Backend>,
    /// The client is to be told to stay there.
    pub(crate) stick: bool,
}

impl App {
    /// An app whose traffic is divided by `split` between `versions`. While
    /// the version that a request goes to has no endpoint, or nothing serves,
    /// the request waits if `hold` is set and gets 503 at once if not.
    ///
    /// # Errors
    /// When the split names a version that is not there, its weights do not
    /// sum to 100, or it has a name that HTTP does not allow.
    pub fn new(
        id: AppId,
        versions: IndexMap<VersionId, Arc<Backend>>,
        split: &Split,
        hold: bool,
    ) -> Result<Arc<Self>, BadSplit> {
        let app = || id.0.clone();
        let named = |version: &VersionId| {
            let missing = || BadSplit::Version { app: app(), version: version.0.clone() };
            versions.get(version).cloned().ok_or_else(missing)
        };
        let bad = |kind, text: &str| BadSplit::Text { app: app(), kind, text: text.to_owned() };

        let mut weights = Vec::new();
        for (version, &weight) in &split.weights {
            weights.push((weight, named(version)?));
        }
        let sum = split.weights.values().map(|&weight| u32::from(weight)).sum();
        let weights = Weights::new(weights).ok_or_else(|| BadSplit::Sum { app: app(), sum })?;

        let mut headers = Vec::new();
        for rule in &split.headers {
            let name = rule.name.parse().map_err(|_| bad("header name", &rule.name))?;
            let value = rule.value.parse().map_err(|_| bad("header value", &rule.value))?;
            headers.push((name, value, named(&rule.version)?));
        }
        let sticky = match &split.sticky {
            Some(name) => Some(Sticky::new(name).ok_or_else(|| bad("cookie name", name))?),
            None => None,
        };
        Ok(Arc::new(Self { id, versions, weights, headers, sticky, hold }))
    }

    /// Whether requests wait while nothing can answer them.
    pub(crate) fn holds(&self) -> bool {
        self.hold
    }

    /// A header rule first, then the client's cookie, then the weights.
    /// `None`: nothing serves.
    pub(crate) fn choose(&self, headers: &HeaderMap) -> Option<Choice> {
        for (name, value, backend) in &self.headers {
            if headers.get_all(name).iter().any(|given| given == value) {
                return Some(Choice { backend: backend.clone(), stick: false });
            }
        }
        if let Some(sticky) = &self.sticky
            && let Some(backend) = sticky.values(headers).find_map(|value| self.serving(value))
        {
            return Some(Choice { backend: backend.clone(), stick: false });
        }
        let backend = self.weights.next()?.clone();
        Some(Choice { backend, stick: self.sticky.is_some() })
    }

    /// A version that a returning client may stay on: it has a share of the
    /// traffic, or a header rule names it.
    fn serving(&self, version: &str) -> Option<&Arc<Backend>> {
        let ruled = self.headers.iter().map(|(_, _, backend)| backend);
        self.weights.serving().chain(ruled).find(|backend| backend.version().0 == version)
    }
}
