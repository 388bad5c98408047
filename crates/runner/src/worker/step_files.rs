//! The files that a step's program may write to, and what it wrote.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use indexmap::IndexMap;

use crate::protocol::{Event, Level, STEP_FILES};
use crate::worker::file_command::{
    FILE_MAX, FileCommandError, Pairs, SUMMARY_MAX, decoded, paths, read,
};
use crate::worker::kept_file::{blank, remove};
use crate::worker::output::Said;
use crate::worker::script::SCRIPT;
use crate::worker::step::Body;

/// Variables that a step may not set for the steps after it: GitHub's list.
const NOT_FOR_LATER: [&str; 1] = ["NODE_OPTIONS"];

/// Whether a step may set a variable for the steps after it. That it may not fails nothing.
pub(crate) fn is_for_later(name: &str) -> bool {
    !NOT_FOR_LATER.iter().any(|not| name.eq_ignore_ascii_case(not))
}

/// The files of one step, with its script beside them. They do for other steps
/// after it, and then for the next job that works in the same folder: to make a
/// file and to remove it costs more the more were removed just before. Removed
/// when dropped.
pub(crate) struct StepFiles {
    folder: PathBuf,
    /// They are for the next job.
    left: bool,
    /// When an entry of the folder last changed, once all were as they should
    /// be.
    seen: Option<SystemTime>,
}

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Output,
    Env,
    Path,
    State,
    Summary,
}

impl Which {
    const ALL: [Self; 5] = [Self::Output, Self::Env, Self::Path, Self::State, Self::Summary];

    /// The variable that names it.
    fn variable(self) -> &'static str {
        match self {
            Self::Output => "GITHUB_OUTPUT",
            Self::Env => "GITHUB_ENV",
            Self::Path => "GITHUB_PATH",
            Self::State => "GITHUB_STATE",
            Self::Summary => "GITHUB_STEP_SUMMARY",
        }
    }

    /// Its name, also in the `github` context.
    fn file(self) -> &'static str {
        match self {
            Self::Output => "output",
            Self::Env => "env",
            Self::Path => "path",
            Self::State => "state",
            Self::Summary => "step_summary",
        }
    }
}

impl StepFiles {
    /// The files number `number` of a job, empty, in `folder`, where an earlier
    /// job may have left some.
    pub(crate) fn create(folder: &Path, number: usize) -> io::Result<Self> {
        let folder = folder.join(format!("{STEP_FILES}{number}"));
        let mut files = Self { folder, left: false, seen: None };
        if files.make().and_then(|()| files.empty()).is_err() {
            // Whatever stands there is in the way.
            remove(&files.folder)?;
            files.make()?;
            files.empty()?;
        }
        Ok(files)
    }

    fn make(&self) -> io::Result<()> {
        match fs::create_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            made => made,
        }
    }

    /// For another step, of the same job or of the next in the same folder.
    pub(crate) fn again(mut self) -> io::Result<Self> {
        self.left = false;
        self.empty()?;
        Ok(self)
    }

    /// Makes them as they are when a step begins.
    fn empty(&mut self) -> io::Result<()> {
        self.empty_each()?;
        if self.seen.is_none_or(|seen| !self.changed().is_ok_and(|changed| changed == seen)) {
            self.remove_others()?;
            self.seen = Some(self.changed()?);
        }
        Ok(())
    }

    fn empty_each(&mut self) -> io::Result<()> {
        for which in Which::ALL {
            let path = self.path(which);
            if !is_empty(&path)? {
                remove(&path)?;
                File::create_new(&path)?;
                self.seen = None;
            }
        }
        Ok(())
    }

    /// When an entry of the folder last came or went.
    fn changed(&self) -> io::Result<SystemTime> {
        fs::metadata(&self.folder)?.modified()
    }

    /// Removes what is neither a script nor one of the files; gives the scripts.
    fn remove_others(&self) -> io::Result<Vec<PathBuf>> {
        let mut scripts = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            if name.to_str().is_some_and(|name| name.starts_with(SCRIPT)) {
                scripts.push(path);
            } else if Which::ALL.into_iter().all(|which| name != which.file()) {
                remove(&path)?;
            }
        }
        Ok(scripts)
    }

    /// Leaves them to the next job, which may not see the secrets of this one: what
    /// is there now is looked at, since the time of a folder may stand still for some
    /// milliseconds.
    pub(crate) fn leave(mut self) -> io::Result<Self> {
        self.empty_each()?;
        self.remove_others()?.iter().try_for_each(|script| blank(script))?;
        self.seen = Some(self.changed()?);
        self.left = true;
        Ok(self)
    }

    /// Lets every user of a container write to them.
    pub(crate) fn open_to_all(&self) -> io::Result<()> {
        fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o755))?;
        let all = || fs::Permissions::from_mode(0o666);
        Which::ALL.into_iter().try_for_each(|which| fs::set_permissions(self.path(which), all()))
    }

    /// The folder that they are in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The variables that name them.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        Which::ALL.into_iter().map(|which| (which.variable(), self.path(which)))
    }

    /// What the `github` context calls them, and where they are.
    pub(crate) fn places(&self) -> impl Iterator<Item = (&'static str, PathBuf)> {
        Which::ALL.into_iter().map(|which| (which.file(), self.path(which)))
    }

    fn path(&self, which: Which) -> PathBuf {
        self.folder.join(which.file())
    }

    /// Applies to the job what the step wrote to the files, and what it `said`
    /// by commands; its outputs, and what was wrong first. Every wrong file is
    /// reported; what stands before the wrong line counts.
    pub(crate) async fn apply(
        &self,
        body: &Body<'_>,
        said: Said,
    ) -> (IndexMap<String, String>, Option<String>) {
        let Said { mut outputs, saved, env, paths: folders, failed } = said;
        let mut wrong = failed;
        env.into_iter().for_each(|(name, value)| set_env(body, name, value));
        folders.iter().for_each(|folder| add_path(body, folder));
        body.run.at.save(saved);
        for which in Which::ALL {
            let error = match which {
                Which::Summary => self.summary(body).await,
                which => match self.text(which) {
                    Ok(text) if text.is_empty() => continue,
                    Ok(text) => apply(body, which, &text, &mut outputs).await,
                    Err(error) => Err(error),
                },
            };
            let Err(error) = error else { continue };
            let variable = which.variable();
            let message = format!("What the step wrote to ${variable} is wrong: {error}");
            body.shared.reporter.annotate(Some(body.index), Level::Error, &message).await;
            // A summary is for people: it fails nothing.
            if which != Which::Summary {
                wrong.get_or_insert(message);
            }
        }
        (outputs, wrong)
    }

    /// A file that the step removed says nothing.
    fn text(&self, which: Which) -> Result<String, Unread> {
        let most = if which == Which::Summary { SUMMARY_MAX } else { FILE_MAX };
        if is_empty(&self.path(which))? {
            return Ok(String::new());
        }
        let file = match File::open(self.path(which)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            Err(error) => return Err(error.into()),
        };
        let length = file.metadata()?.len();
        if length == 0 {
            return Ok(String::new());
        }
        if length > most {
            return Err(Unread::Wrong(match which {
                Which::Summary => FileCommandError::Summary(length),
                _ => FileCommandError::TooLong(length),
            }));
        }
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes)?;
        Ok(decoded(bytes))
    }

    async fn summary(&self, body: &Body<'_>) -> Result<(), Unread> {
        let text = self.text(Which::Summary)?;
        if !text.trim().is_empty() {
            let markdown = body.shared.masker.mask(&text);
            let event = Event::Summary { step: body.index, markdown };
            body.shared.reporter.send(event).await;
        }
        Ok(())
    }
}

impl Drop for StepFiles {
    fn drop(&mut self) {
        if !self.left
            && let Err(error) = remove(&self.folder)
        {
            tracing::debug!(%error, "the files of a step are left until its job ends");
        }
    }
}

/// Whether a file is as it was made: nobody wrote to it or put something else
/// in its place.
fn is_empty(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(of) => {
            Ok(of.is_file() && of.len() == 0 && of.nlink() == 1 && of.mode() & 0o600 == 0o600)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Why a file says nothing.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Wrong(#[from] FileCommandError),
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
}

async fn apply(
    body: &Body<'_>,
    which: Which,
    text: &str,
    outputs: &mut IndexMap<String, String>,
) -> Result<(), Unread> {
    if which == Which::Path {
        paths(text).for_each(|folder| add_path(body, folder));
        return Ok(());
    }
    let Pairs { pairs, wrong } = read(text);
    match which {
        Which::Output => outputs.extend(pairs),
        Which::State => body.run.at.save(pairs),
        _ => {
            for (name, value) in pairs {
                if is_for_later(&name) {
                    set_env(body, name, value);
                } else {
                    let message = format!("`{name}` cannot be set by way of $GITHUB_ENV");
                    body.shared.reporter.annotate(Some(body.index), Level::Error, &message).await;
                }
            }
        }
    }
    wrong.map_or(Ok(()), |wrong| Err(wrong.into()))
}

fn set_env(body: &Body<'_>, name: String, value: String) {
    let pair = || (name.clone(), value.clone());
    if !body.run.at.later(|later| later.env.push(pair())) {
        body.run.job.state.lock().env.insert(name, value);
    }
}

fn add_path(body: &Body<'_>, folder: &str) {
    if !body.run.at.later(|later| later.paths.push(folder.to_owned())) {
        body.run.job.state.lock().prepend_path(folder);
    }
}
