//! Asks the hosting service about a pull request.

use std::path::Path;

use shipway_core::config::{FILE_NAME, TokenSource};
use shipway_core::ids::CommitId;
use shipway_core::run::{Granted, api_url};
use shipway_hosting::{Api, ApiError, BadAddress, Client, RepositoryName};

use super::pull_request::{BadPayload, ToldPullRequest};
use super::versions;
use crate::git::{GitError, Remote, Repository};
use crate::planner::{PlanError, at_commit};
use crate::token::{TokenError, Wanted};

/// Which pull request.
pub struct Asking<'a> {
    /// The repository; its `origin` says who is asked.
    pub repository: &'a Repository,
    /// The pull request's number.
    pub number: u64,
    /// The commit that is judged.
    pub commit: &'a CommitId,
    /// Where the API is, if whoever started this program says so. Nothing in the repository does:
    /// the token would go there.
    pub api: Option<&'a str>,
    /// A name for the process that makes the token, unique among what runs at a time.
    pub name: &'a str,
}

/// Why it is not known what the pull request says.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Git did not answer.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The main branch's configuration is wrong.
    #[error(transparent)]
    Config(#[from] PlanError),
    /// Nobody knows whom to ask.
    #[error("`origin` names no repository of a hosting service")]
    NoOrigin,
    /// There is no branch whose configuration could be believed.
    #[error("the main branch is not here, whose {FILE_NAME} names the token")]
    NoMain,
    /// The configuration names no token.
    #[error("the {FILE_NAME} of the main branch ({}) names no token to ask with", .0.short())]
    NoToken(CommitId),
    /// The token is not where it should be.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No token is sent there.
    #[error("{address}: {why}")]
    Address {
        /// The address.
        address: String,
        /// Why.
        why: BadAddress,
    },
    /// Another server than `origin`'s would answer, and get the token.
    #[error("{address} is not the API of {server}, where `origin` is")]
    OtherServer {
        /// The address.
        address: String,
        /// Where `origin` is.
        server: String,
    },
    /// The service did not say.
    #[error("{asked}: {error}")]
    Api {
        /// Which pull request of which repository, and where.
        asked: String,
        /// Why.
        error: ApiError,
    },
    /// It said what is none.
    #[error("the answer of {api} cannot be used: {why}")]
    Answer {
        /// Who was asked.
        api: String,
        /// Why.
        why: BadPayload,
    },
    /// It is about another commit.
    #[error(
        "pull request {number} has the head {}, and this commit is {}", .head.short(), .commit.short()
    )]
    OtherHead {
        /// Its number.
        number: u64,
        /// Its head.
        head: CommitId,
        /// What is judged.
        commit: CommitId,
    },
}

impl AskError {
    /// What to do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoOrigin => "`git remote add origin https://github.com/OWNER/NAME.git`",
            Self::NoMain => {
                "`git fetch origin` brings it, and `git remote set-head origin --auto` says which it is"
            }
            Self::NoToken(_) => {
                "write `token: {env: NAME}` below `workflows` there; a change that is judged does \
                 not choose it"
            }
            Self::Address { .. } | Self::OtherServer { .. } => {
                "GITHUB_API_URL names it, or else the server of `origin`"
            }
            Self::Api { error, .. } => error.hint()?,
            Self::OtherHead { number, .. } => {
                return Some(format!(
                    "push this commit, or check out the other: `git fetch origin \
                     pull/{number}/head && git checkout --detach FETCH_HEAD`"
                ));
            }
            Self::Git(_) | Self::Config(_) | Self::Token(_) | Self::Answer { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl Asking<'_> {
    /// Asks.
    ///
    /// # Errors
    /// When the service cannot be asked, does not say, or tells of another commit.
    pub async fn ask(&self) -> Result<ToldPullRequest, AskError> {
        let remote = self.repository.origin()?.and_then(|url| Remote::parse(&url));
        let remote = remote.ok_or(AskError::NoOrigin)?;
        let repository = RepositoryName::new(&remote.owner, &remote.name);
        let repository = repository.ok_or(AskError::NoOrigin)?;
        let api = self.api(&remote)?;
        let permissions = Granted::to_read("pull-requests");
        let wanted = Wanted {
            process: self.name.to_owned(),
            permissions: &permissions,
            repository: &repository.to_string(),
            // Not where the judged change could put a script of its name.
            folder: Some(Path::new("/")),
        };
        let token = wanted.from(&self.token()?).await?;
        let number = self.number;
        let answer = match Client::new(api.clone(), token.reveal()) {
            Ok(client) => client.pull_request(&repository, number).await,
            Err(error) => Err(error),
        };
        let api = api.to_string();
        let answer = answer.map_err(|error| AskError::Api {
            asked: format!("pull request {number} of {repository} at {api}"),
            error,
        })?;
        let told = ToldPullRequest::answered(&answer, &api)
            .map_err(|why| AskError::Answer { api, why })?;
        match told.head() {
            Some(head) if head != self.commit => {
                let (head, commit) = (head.clone(), self.commit.clone());
                Err(AskError::OtherHead { number, head, commit })
            }
            _ => Ok(told),
        }
    }

    fn api(&self, remote: &Remote) -> Result<Api, AskError> {
        let of_origin = remote.server.as_deref().map(api_url);
        let address = match (self.api, &of_origin) {
            (Some(address), _) => address.to_owned(),
            (None, Some(of_origin)) => of_origin.clone(),
            (None, None) => return Err(AskError::NoOrigin),
        };
        let named = Api::new(&address);
        let named = named.map_err(|why| AskError::Address { address: address.clone(), why })?;
        // Jobs are told `https://api.github.com`, wherever `origin` is.
        let same = of_origin.is_none_or(|origin| Api::new(&origin).is_ok_and(|api| api == named));
        match &remote.server {
            Some(server) if !same && !named.is_here() => {
                Err(AskError::OtherServer { address, server: server.clone() })
            }
            _ => Ok(named),
        }
    }

    /// Where the main branch says the token is. What is judged could name another one, or a command
    /// of its own.
    fn token(&self) -> Result<TokenSource, AskError> {
        let main = versions::trunk(self.repository)?.ok_or(AskError::NoMain)?;
        let named = match at_commit(self.repository, &main) {
            Ok(config) => config.workflows.token,
            Err(PlanError::NoConfig(_)) => None,
            Err(error) => return Err(error.into()),
        };
        named.ok_or(AskError::NoToken(main))
    }
}
