//! Archives as `actions/upload-artifact` makes them: zip, written and read as a
//! stream of bounded memory.

mod pack;
mod unpack;

use std::io;
use std::path::PathBuf;

pub use pack::{Level, pack};
pub use unpack::{Modes, unpack};

/// Why an archive cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// A file that goes in or comes out.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// For example `reading`.
        doing: &'static str,
        /// Which one.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The archive as such.
    #[error("the archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// A path that leads out of the folder it is unpacked into.
    #[error("the archive has an entry that leads elsewhere, `{name}`: nothing more is unpacked")]
    Elsewhere {
        /// The entry's name.
        name: String,
    },
    /// An entry that is neither a file nor a folder.
    #[error("the archive has an entry that is no file and no folder, `{name}`")]
    Special {
        /// The entry's name.
        name: String,
    },
    /// What is not archived.
    #[error("{} is not a file: it cannot be archived", path.display())]
    NotAFile {
        /// Which one.
        path: PathBuf,
    },
    /// More than an archive may hold.
    #[error("the archive holds more than {limit} bytes")]
    TooLarge {
        /// Bytes.
        limit: u64,
    },
}
