//! Building the image of an action from its Dockerfile.

use std::path::Path;

use bollard::query_parameters::BuildImageOptions;
use tokio::io::AsyncReadExt;
use tokio_stream::{Stream, StreamExt};

use super::context::BuildContext;
use super::error::reason;
use super::labels::ACTION;
use super::{Docker, DockerError};

/// How much of a build context is sent at once.
const PIECE: usize = 64 << 10;

/// An image that is there, or has to be built first.
pub(crate) enum Built<S> {
    /// It was built before, from the same content.
    Before(String),
    /// Its name when the build has come to its end, and what the build says.
    Now(String, S),
}

impl Docker {
    /// The image of the Dockerfile at `path`, whose folder is the context. It
    /// is kept under the digest of that content, so it is built once.
    ///
    /// # Errors
    /// When the folder cannot be read or Docker does not answer; as the last
    /// item of the stream, why the build failed.
    pub(crate) async fn build(
        &self,
        path: &Path,
    ) -> Result<Built<impl Stream<Item = Result<String, DockerError>> + '_>, DockerError> {
        let doing = format!("build {}", path.display());
        let refused = |reason: String| DockerError::Refused { doing: doing.clone(), reason };
        let (Some(folder), Some(file)) = (path.parent(), path.file_name()) else {
            return Err(refused("it is no file in a folder".to_owned()));
        };
        if !path.is_file() {
            return Err(refused("there is no such file".to_owned()));
        }
        let file = file.to_string_lossy().into_owned();
        let context =
            BuildContext::pack(folder, &file).map_err(|error| refused(error.to_string()))?;
        let image = format!("shipway-action:{}", &context.digest[..24]);
        if self.has_image(&image).await? {
            return Ok(Built::Before(image));
        }
        let options = BuildImageOptions {
            dockerfile: file,
            t: Some(image.clone()),
            rm: true,
            forcerm: true,
            labels: Some([(ACTION.to_owned(), context.digest.clone())].into()),
            ..BuildImageOptions::default()
        };
        let body = bollard::body_try_stream(pieces(tokio::fs::File::from_std(context.archive)));
        let said = self.api.build_image(options, None, Some(body));
        let said = said.filter_map(move |info| match info {
            Ok(info) => {
                if let Some(problem) = info.error_detail.and_then(|detail| detail.message) {
                    return Some(Err(failed(&doing, problem)));
                }
                let current = info.progress_detail.and_then(|detail| detail.current);
                let status =
                    info.status.filter(|_| current.is_none()).map(|status| match info.id {
                        Some(id) => format!("{id}: {status}"),
                        None => status,
                    });
                let text = info.stream.or(status)?;
                let text = text.trim_end().to_owned();
                (!text.is_empty()).then_some(Ok(text))
            }
            Err(error) => Some(Err(failed(&doing, reason(&error)))),
        });
        Ok(Built::Now(image, said))
    }
}

fn failed(doing: &str, reason: String) -> DockerError {
    let buildkit = reason.contains("BuildKit");
    let hint = match buildkit {
        true => ". Shipway builds through Docker's API, without BuildKit",
        false => "",
    };
    DockerError::Refused { doing: doing.to_owned(), reason: format!("{reason}{hint}") }
}

/// A file in pieces.
fn pieces(
    file: tokio::fs::File,
) -> impl Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static {
    tokio_util::io::ReaderStream::with_capacity(file.take(u64::MAX), PIECE)
}
