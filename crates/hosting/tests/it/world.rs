//! A server that answers as GitHub's does, and a client for it.

use std::time::Duration;

use shipway_hosting::{Api, ApiError, Client, PullRequestAnswer, RepositoryName};
use shipway_sim::scripted::{Answer, Asked, Scripted};

pub(crate) const TOKEN: &str = "t0ken-that-nobody-sees";
pub(crate) const PULL: &str = "/repos/acme/shop/pulls/7";
pub(crate) const REVIEWS: &str = "/repos/acme/shop/pulls/7/reviews?per_page=100";

pub(crate) fn serve(script: impl Fn(&Asked) -> Option<Answer> + Send + Sync + 'static) -> Scripted {
    Scripted::start(script).unwrap()
}

/// What the API at `url` answers about acme/shop#7.
pub(crate) async fn ask(url: &str) -> Result<PullRequestAnswer, ApiError> {
    ask_for(url, Duration::from_secs(60)).await
}

pub(crate) async fn ask_for(url: &str, patience: Duration) -> Result<PullRequestAnswer, ApiError> {
    let client = Client::new(Api::new(url).unwrap(), TOKEN).unwrap().waiting(patience);
    assert!(!format!("{client:?}").contains(TOKEN), "{client:?}");
    let asked = client.pull_request(&RepositoryName::new("acme", "shop").unwrap(), 7).await;
    if let Err(error) = &asked {
        assert!(!format!("{error} {error:?} {:?}", error.hint()).contains(TOKEN), "{error:?}");
    }
    asked
}

/// Whether everything that the server was asked came with the token.
pub(crate) fn all_with_token(server: &Scripted) -> bool {
    let with = |asked: &Asked| asked.headers["authorization"] == format!("Bearer {TOKEN}");
    server.asked().iter().all(with)
}

/// An answer as it should be.
pub(crate) fn ok(body: impl ToString) -> Answer {
    Answer::new(200, body.to_string())
}
