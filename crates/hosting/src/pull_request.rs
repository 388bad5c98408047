//! A pull request, and its reviews.

use std::time::Duration;

use reqwest::Url;
use serde_json::Value;

use crate::client::{Client, Page};
use crate::error::ApiError;
use crate::repository::RepositoryName;

/// Bytes of everything that is answered: a pull request and its reviews are a few kilobytes each.
const MOST_BYTES: usize = 32 << 20;
/// Pages of a hundred reviews.
const MOST_PAGES: usize = 50;

/// What the API answers about a pull request.
#[derive(Debug, Clone, PartialEq)]
pub struct PullRequestAnswer {
    /// "Get a pull request"; its labels are in it.
    pub pull_request: Value,
    /// All of "List reviews for a pull request", in the order of their time.
    pub reviews: Vec<Value>,
}

impl Client {
    /// Asks for a pull request and all of its reviews.
    ///
    /// # Errors
    /// When the API does not answer, refuses, or answers something else: nothing is known then.
    pub async fn pull_request(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<PullRequestAnswer, ApiError> {
        let patience: Duration = self.patience();
        let asked = tokio::time::timeout(patience, self.ask(repository, number)).await;
        asked.map_err(|_| ApiError::Slow(patience))?
    }

    async fn ask(
        &self,
        repository: &RepositoryName,
        number: u64,
    ) -> Result<PullRequestAnswer, ApiError> {
        let (owner, name, number) = (&repository.owner, &repository.name, number.to_string());
        let parts = ["repos", owner, name, "pulls", &number];
        let mut left = MOST_BYTES;
        let Page { json: pull_request, .. } = self.get(self.api().at(&parts), &mut left).await?;
        if !pull_request.is_object() {
            return Err(ApiError::Form("a pull request"));
        }
        let mut first = self.api().at(&[&parts[..], &["reviews"]].concat());
        first.set_query(Some("per_page=100"));
        let reviews = self.all(first, &mut left).await?;
        Ok(PullRequestAnswer { pull_request, reviews })
    }

    /// A list with all of its pages.
    async fn all(&self, first: Url, left: &mut usize) -> Result<Vec<Value>, ApiError> {
        let mut all = Vec::new();
        let mut next = Some(first);
        for _ in 0..MOST_PAGES {
            let Some(url) = next else { return Ok(all) };
            let page = self.get(url, left).await?;
            let Value::Array(of) = page.json else {
                return Err(ApiError::Form("a list of reviews"));
            };
            all.extend(of);
            next = page.next;
        }
        match next {
            None => Ok(all),
            Some(_) => Err(ApiError::Pages(MOST_PAGES)),
        }
    }
}
