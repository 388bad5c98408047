//! Images: whether they are there, and pulling them.

use bollard::auth::DockerCredentials;
use bollard::query_parameters::CreateImageOptions;
use tokio_stream::{Stream, StreamExt};

use super::credentials::logged_in;
use super::error::{is_missing, reason};
use super::reference::Reference;
use super::{Credentials, Docker, DockerError};

impl Docker {
    /// Whether an image is there.
    ///
    /// # Errors
    /// When Docker does not say.
    pub(crate) async fn has_image(&self, image: &str) -> Result<bool, DockerError> {
        match self.api.inspect_image(image).await {
            Ok(_) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(DockerError::refused(format!("look for the image {image}"))(error)),
        }
    }

    /// Pulls an image; its progress in lines. Without `credentials`, those that
    /// `docker login` left are used.
    ///
    /// # Errors
    /// As the last item: why it cannot be pulled, and what to do.
    pub(crate) async fn pull<'d>(
        &'d self,
        image: &'d str,
        credentials: Option<&Credentials>,
        platform: Option<&str>,
    ) -> Result<impl Stream<Item = Result<String, DockerError>> + 'd, DockerError> {
        let reference = Reference::parse(image);
        let credentials = match credentials {
            Some(credentials) => Some(credentials.for_api(reference.registry)),
            None => logged_in(reference.registry).await?,
        };
        let known = credentials.is_some();
        let options = CreateImageOptions {
            from_image: Some(reference.repository.to_owned()),
            tag: Some(reference.version.to_owned()),
            platform: platform.unwrap_or_default().to_owned(),
            ..CreateImageOptions::default()
        };
        let stream = authorized(&self.api).create_image(Some(options), None, some(credentials));
        Ok(stream.filter_map(move |info| match info {
            Ok(info) => {
                let current = info.progress_detail.and_then(|detail| detail.current);
                // A bar that moves is for a terminal.
                let status = info.status.filter(|_| current.is_none())?;
                Some(Ok(match info.id {
                    Some(id) => format!("{id}: {status}"),
                    None => status,
                }))
            }
            Err(error) => {
                let reason = reason(&error);
                let help = help(&reason, known);
                Some(Err(DockerError::Pull { image: image.to_owned(), reason, help }))
            }
        }))
    }
}

fn some(credentials: Option<DockerCredentials>) -> Option<DockerCredentials> {
    credentials.filter(|c| c.username.is_some() || c.identitytoken.is_some())
}

/// The client with the header as Docker reads it: it expects base64 with the
/// URL alphabet and takes anything else for no credentials at all.
fn authorized(api: &bollard::Docker) -> bollard::Docker {
    api.clone().with_request_modifier(|mut request| {
        if let Some(header) = request.headers_mut().get_mut("X-Registry-Auth")
            && let Ok(text) = header.to_str()
            && let Ok(url_safe) = text.replace('+', "-").replace('/', "_").parse()
        {
            *header = url_safe;
        }
        request
    })
}

/// What to do about a pull that failed.
fn help(reason: &str, known: bool) -> &'static str {
    let reason = reason.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if says(&["unauthorized", "denied", "no basic auth", "authentication"]) {
        return match known {
            true => "Check that the image exists and that the user may read it",
            false => {
                "Check the name; if the image is private, give `credentials` with `username` and \
                 `password`, or log in with `docker login`"
            }
        };
    }
    if says(&["not found", "manifest unknown", "does not exist", "no matching manifest"]) {
        return "Check the image's name and tag, and that it is there for this processor";
    }
    if says(&["no such host", "dial tcp", "timeout", "refused", "network", "server misbehaving"]) {
        return "The registry cannot be reached. An image that is already there is used without \
                it: `docker pull`, `docker load` or `docker import` it";
    }
    "An image that is already there is used as it is: `docker pull` it by hand to see more"
}
