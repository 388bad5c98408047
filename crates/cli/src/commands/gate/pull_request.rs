//! What the pull request says: asked of the hosting service, or read from files.

use std::path::Path;

use shipway_hosting::ApiError;
use shipway_server::gates::{AskError, Asking, ToldPullRequest};

use crate::args::Gate;
use crate::error::CliError;
use crate::project::Project;

/// Where GitHub's API is, as GitHub's own runner and tools name it.
const API_URL: &str = "GITHUB_API_URL";

/// As the command line asks; nothing if it names none.
pub(super) async fn told(
    project: &Project,
    args: &Gate,
) -> Result<Option<ToldPullRequest>, CliError> {
    match (args.pull_request, &args.event) {
        (Some(number), _) => asked(project, number).await.map(Some),
        (None, Some(event)) => handed_in(event, args.reviews.as_deref()).map(Some),
        (None, None) => Ok(None),
    }
}

async fn asked(project: &Project, number: u64) -> Result<ToldPullRequest, CliError> {
    let repository = project.repository()?;
    let commit = repository.head()?.id;
    let api = std::env::var(API_URL).ok().filter(|address| !address.is_empty());
    let asking = Asking {
        repository: &repository,
        number,
        commit: &commit,
        api: api.as_deref(),
        name: &format!("{}/token-{}", project.id, std::process::id()),
    };
    Ok(asking.ask().await?)
}

fn handed_in(event: &Path, reviews: Option<&Path>) -> Result<ToldPullRequest, CliError> {
    let text = |path: &Path| {
        std::fs::read_to_string(path)
            .map_err(|error| CliError::usage(format!("{}: {error}", path.display())))
    };
    let reviews = reviews.map(text).transpose()?;
    ToldPullRequest::handed_in(&text(event)?, reviews.as_deref())
        .map_err(|error| CliError::usage(format!("{}: {error}", event.display())))
}

impl From<AskError> for CliError {
    fn from(error: AskError) -> Self {
        let hint = error.hint();
        let plain = match error {
            AskError::Git(error) => return error.into(),
            AskError::Config(error) => return error.into(),
            AskError::Api { error: ref of, .. } if ApiError::is_trouble(of) => {
                Self::trouble(error.to_string())
            }
            error => Self::usage(error.to_string()),
        };
        match hint {
            Some(hint) => plain.hint(hint),
            None => plain,
        }
    }
}
