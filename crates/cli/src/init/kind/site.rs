//! A site of files: `index.html`.

use super::super::folder::Folder;
use super::super::tree::MANIFESTS;
use super::{Sighting, service};

pub(super) fn look(folder: Folder) -> Option<Sighting> {
    if folder.is_part_of_root(MANIFESTS) {
        return None;
    }
    let page = folder.first(&["index.html", "public/index.html", "www/index.html"])?;
    let place = page.split_once('/').map_or(".", |(place, _)| place);
    let mut found = service(folder, folder.name(), "a site of files");
    found.run = Some(serve(place));
    found.health = Some("/");
    found.tests = vec![format!("test -s {page}")];
    Some(Sighting::Services(vec![found]))
}

/// Serves the files in `place`.
pub(super) fn serve(place: &str) -> String {
    let serve = "python3 -m http.server --bind 127.0.0.1";
    match place {
        "." => format!("{serve} $PORT"),
        place => format!("{serve} --directory {place} $PORT"),
    }
}
