//! One upload on its way: blocks that come in any order, and the whole that a
//! list makes of them. Azure's block blobs: "Put Block", "Put Block List".

use std::collections::HashMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest;
use jiff::Timestamp;
use shipway_core::digest::Digest;
use tempfile::{NamedTempFile, TempDir, TempPath};

use super::StorageError;
use super::reservations::Reservation;
use crate::Limits;

/// What an upload is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Artifact { name: String, content_type: String, expires_at: Timestamp },
    Cache { key: String, version: String },
}

/// A block's id as the client chose it, decoded.
pub(crate) type BlockId = Vec<u8>;

/// An upload that is not finished.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) target: Target,
    limit: u64,
    block_limit: u64,
    blocks_limit: usize,
    content: Mutex<Content>,
    dir: TempDir,
    /// Its name is taken.
    _reservation: Reservation,
}

#[derive(Debug, Default)]
struct Content {
    blocks: HashMap<BlockId, Arc<Block>>,
    /// Bytes of all blocks.
    bytes: u64,
    whole: Option<(Vec<BlockId>, Whole)>,
}

#[derive(Debug)]
struct Block {
    file: TempPath,
    size: u64,
}

/// Everything that was uploaded, in order.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) file: TempPath,
    pub(crate) size: u64,
    pub(crate) digest: Digest,
}

/// Bytes that are coming in. Gone when dropped, unless they are handed over.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) file: NamedTempFile,
    pub(crate) size: u64,
}

/// Why content is refused: the client's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("the blob may have {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("a block's id has 1 to 64 bytes, and all ids of a blob have the same length")]
    BlockId,
    #[error("a blob has at most {limit} blocks")]
    TooMany { limit: usize },
    #[error("the list names a block that was not uploaded")]
    UnknownBlock,
}

/// Why an upload does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UploadError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Upload {
    pub(super) fn new(
        id: String,
        target: Target,
        dir: TempDir,
        reservation: Reservation,
        limits: &Limits,
    ) -> Self {
        let limit = match target {
            Target::Artifact { .. } => limits.artifact_bytes,
            Target::Cache { .. } => limits.cache_bytes,
        };
        Self {
            id,
            target,
            limit,
            block_limit: limits.block_bytes,
            blocks_limit: limits.blocks,
            content: Mutex::default(),
            dir,
            _reservation: reservation,
        }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for the `size` bytes of a block or of a whole blob.
    pub(crate) fn receive(&self, size: u64, block: bool) -> Result<Incoming, UploadError> {
        let content = self.content();
        let before = if block { content.bytes } else { 0 };
        if block && size > self.block_limit {
            return Err(Refused::TooLarge { limit: self.block_limit }.into());
        }
        if before.saturating_add(size) > self.limit {
            return Err(Refused::TooLarge { limit: self.limit }.into());
        }
        drop(content);
        Ok(Incoming { file: self.new_file()?, size })
    }

    fn new_file(&self) -> Result<NamedTempFile, StorageError> {
        let dir = self.dir.path();
        NamedTempFile::new_in(dir).map_err(StorageError::io("writing into", dir))
    }

    /// Keeps a block that has arrived; one of the same id is replaced.
    pub(crate) fn keep(&self, id: BlockId, incoming: Incoming) -> Result<(), Refused> {
        let mut content = self.content();
        let other_length = |known: &BlockId| known.len() != id.len();
        if id.is_empty() || id.len() > 64 || content.blocks.keys().next().is_some_and(other_length)
        {
            return Err(Refused::BlockId);
        }
        let replaced = content.blocks.get(&id).map(|block| block.size);
        if replaced.is_none() && content.blocks.len() >= self.blocks_limit {
            return Err(Refused::TooMany { limit: self.blocks_limit });
        }
        let bytes = content.bytes - replaced.unwrap_or(0) + incoming.size;
        if bytes > self.limit {
            return Err(Refused::TooLarge { limit: self.limit });
        }
        let block = Block { file: incoming.file.into_temp_path(), size: incoming.size };
        content.blocks.insert(id, Arc::new(block));
        content.bytes = bytes;
        Ok(())
    }

    /// Takes what has arrived as the whole ("Put Blob").
    pub(crate) fn replace(&self, incoming: Incoming) -> Result<(), UploadError> {
        let path = incoming.file.path().to_owned();
        let read = || StorageError::io("reading", &path);
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut file = File::open(&path).map_err(read())?;
        let size = copy(&mut file, &mut std::io::sink(), &mut hash).map_err(read())?;
        file.sync_all().map_err(StorageError::io("writing", &path))?;
        let whole = Whole { file: incoming.file.into_temp_path(), size, digest: finish(hash) };
        self.content().whole = Some((Vec::new(), whole));
        Ok(())
    }

    /// Makes the whole of blocks in this order ("Put Block List"). The same
    /// list once more changes nothing: the first answer may have been lost.
    pub(crate) fn commit(&self, list: Vec<BlockId>) -> Result<(), UploadError> {
        let Some(blocks) = self.blocks_of(&list)? else { return Ok(()) };
        let mut file = self.new_file()?;
        let path = file.path().to_owned();
        let write = || StorageError::io("writing", &path);
        let mut hash = digest::Context::new(&digest::SHA256);
        let mut size = 0;
        for block in &blocks {
            let read = StorageError::io("reading", &block.file);
            let mut source = File::open(&block.file).map_err(read)?;
            size += copy(&mut source, file.as_file_mut(), &mut hash).map_err(write())?;
        }
        file.as_file().sync_all().map_err(write())?;
        let whole = Whole { file: file.into_temp_path(), size, digest: finish(hash) };
        let mut content = self.content();
        content.whole = Some((list, whole));
        content.blocks.clear();
        content.bytes = 0;
        Ok(())
    }

    /// The blocks of a list. `None`: this list was committed already.
    fn blocks_of(&self, list: &[BlockId]) -> Result<Option<Vec<Arc<Block>>>, Refused> {
        let content = self.content();
        if list.len() > self.blocks_limit {
            return Err(Refused::TooMany { limit: self.blocks_limit });
        }
        let find = |id: &BlockId| content.blocks.get(id).map(Arc::clone);
        let Some(blocks) = list.iter().map(find).collect::<Option<Vec<_>>>() else {
            let again = content.whole.as_ref().is_some_and(|(known, _)| known == list);
            return if again { Ok(None) } else { Err(Refused::UnknownBlock) };
        };
        // A block may be named twice.
        let bytes: u64 = blocks.iter().map(|block| block.size).sum();
        match bytes > self.limit {
            true => Err(Refused::TooLarge { limit: self.limit }),
            false => Ok(Some(blocks)),
        }
    }

    /// Takes the whole out, if there is one.
    pub(crate) fn take(&self) -> Option<Whole> {
        self.content().whole.take().map(|(_, whole)| whole)
    }
}

fn finish(hash: digest::Context) -> Digest {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    Digest::from_bytes(bytes)
}

/// Copies and hashes; the number of bytes.
fn copy(
    from: &mut impl std::io::Read,
    to: &mut impl std::io::Write,
    hash: &mut digest::Context,
) -> std::io::Result<u64> {
    let mut buffer = vec![0; 256 * 1024];
    let mut size = 0;
    loop {
        let count = from.by_ref().read(&mut buffer)?;
        if count == 0 {
            return Ok(size);
        }
        hash.update(&buffer[..count]);
        to.by_ref().write_all(&buffer[..count])?;
        size += count as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::reservations::{Key, Reservations};
    use super::*;

    fn upload(limits: &Limits) -> Upload {
        let key = Key::Cache { scope: "s".into(), version: "v".into(), key: "k".into() };
        let reservation = Reservations::default().take(&key).unwrap();
        let target = Target::Cache { key: "k".into(), version: "v".into() };
        Upload::new("u".into(), target, TempDir::new().unwrap(), reservation, limits)
    }

    fn put(upload: &Upload, id: &[u8], text: &str) -> Result<(), UploadError> {
        let mut incoming = upload.receive(text.len() as u64, true)?;
        incoming.file.write_all(text.as_bytes()).unwrap();
        upload.keep(id.to_vec(), incoming).map_err(UploadError::Refused)
    }

    fn ids(text: &str) -> Vec<BlockId> {
        text.bytes().map(|byte| vec![byte]).collect()
    }

    fn text(whole: &Whole) -> String {
        std::fs::read_to_string(&whole.file).unwrap()
    }

    #[test]
    fn blocks_become_a_whole_in_the_order_of_the_list() {
        let upload = upload(&Limits::default());
        put(&upload, b"b", "world").unwrap();
        put(&upload, b"a", "hallo").unwrap();
        put(&upload, b"a", "hello").unwrap();
        assert!(upload.take().is_none(), "without a list there is nothing");
        upload.commit(ids("aba")).unwrap();
        upload.commit(ids("aba")).unwrap();
        let unknown = upload.commit(ids("ab")).unwrap_err();
        assert!(matches!(unknown, UploadError::Refused(Refused::UnknownBlock)));
        let whole = upload.take().unwrap();
        assert_eq!(text(&whole), "helloworldhello");
        assert_eq!((whole.size, whole.digest), (15, Digest::of(b"helloworldhello")));
        let left = std::fs::read_dir(upload.dir.path()).unwrap().count();
        assert_eq!(left, 1, "blocks are gone");
    }

    #[test]
    fn a_whole_blob_at_once_and_an_empty_one() {
        let upload = upload(&Limits::default());
        let mut incoming = upload.receive(3, false).unwrap();
        incoming.file.write_all(b"abc").unwrap();
        upload.replace(incoming).unwrap();
        assert_eq!(upload.take().unwrap().digest, Digest::of(b"abc"));
        upload.commit(Vec::new()).unwrap();
        assert_eq!(upload.take().unwrap().size, 0);
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { cache_bytes: 10, block_bytes: 6, blocks: 2, ..Limits::default() };
        let upload = upload(&limits);
        let refused = |result: Result<(), UploadError>| match result {
            Err(UploadError::Refused(refused)) => refused,
            other => panic!("{other:?}"),
        };
        let too_large = |limit| Refused::TooLarge { limit };
        assert_eq!(refused(put(&upload, b"a", "1234567")), too_large(6));
        put(&upload, b"a", "123456").unwrap();
        assert_eq!(refused(put(&upload, b"b", "123456")), too_large(10));
        put(&upload, b"a", "1234").unwrap();
        put(&upload, b"b", "123456").unwrap();
        assert_eq!(refused(put(&upload, b"c", "")), Refused::TooMany { limit: 2 });
        assert_eq!(refused(put(&upload, b"cc", "")), Refused::BlockId);
        assert_eq!(refused(put(&upload, b"", "")), Refused::BlockId);
        assert_eq!(refused(upload.commit(ids("bb"))), too_large(10));
        assert_eq!(refused(upload.commit(ids("aba"))), Refused::TooMany { limit: 2 });
        upload.commit(ids("ab")).unwrap();
    }
}
