//! What a child becomes: a program, its arguments and its environment, as
//! execve(2) takes them.

#![expect(unsafe_code, reason = "exec of what was prepared")]

use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::ptr;

use libc::c_char;

/// Where a program is looked for if the environment has no PATH.
const PATH: &str = "/bin:/usr/bin";

/// A program with everything that exec needs.
pub(crate) struct Exec {
    /// The files that may be it, in the order in which they are tried.
    files: Vec<CString>,
    args: Texts,
    env: Texts,
}

impl Exec {
    /// `program` is a path, or a name looked up in the PATH of `env`. Of
    /// several values of a variable the last one counts.
    pub(crate) fn new(
        program: &OsStr,
        args: &[OsString],
        mut env: Vec<(OsString, OsString)>,
    ) -> io::Result<Self> {
        // Those of the same name stay in their order.
        env.sort_by(|(one, _), (other, _)| one.cmp(other));
        let path = env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path);
        let files = candidates(program, path)?;
        let args = std::iter::once(program).chain(args.iter().map(OsString::as_os_str));
        let args = Texts::new(args.map(|arg| [arg]))?;
        let last = env.chunk_by(|(one, _), (other, _)| one == other).filter_map(<[_]>::last);
        let env = Texts::new(last.map(|(name, value)| [name.as_os_str(), "=".as_ref(), value]))?;
        Ok(Self { files, args, env })
    }

    /// As many arguments does it have, the program's name among them.
    pub(crate) fn count(&self) -> usize {
        self.args.pointers.len()
    }

    /// Becomes the program, or tells why not. Allocates nothing.
    pub(crate) fn run(&self) -> io::Error {
        let mut why = io::Error::from_raw_os_error(libc::ENOENT);
        for file in &self.files {
            // SAFETY: both lists end in null, and their texts in a zero byte.
            // It returns only if it failed. A script without `#!` is run by sh.
            unsafe {
                libc::execvpe(
                    file.as_ptr(),
                    self.args.pointers.as_ptr(),
                    self.env.pointers.as_ptr(),
                )
            };
            let error = io::Error::last_os_error();
            match error.raw_os_error() {
                Some(libc::ENOENT | libc::ENOTDIR) => {}
                Some(libc::EACCES) => why = error,
                _ => return error,
            }
        }
        why
    }
}

/// A list of texts as C has it.
struct Texts {
    pointers: Vec<*const c_char>,
    /// All of them, each with its zero byte. They stay where they are.
    _texts: Vec<u8>,
}

impl Texts {
    /// Of texts in pieces.
    ///
    /// # Errors
    /// When there is a zero byte in one.
    fn new<'t, const N: usize>(list: impl Iterator<Item = [&'t OsStr; N]>) -> io::Result<Self> {
        let (mut texts, mut starts) = (Vec::new(), Vec::new());
        for pieces in list {
            starts.push(texts.len());
            for piece in pieces {
                if piece.as_bytes().contains(&0) {
                    let why = "there is a zero byte in an argument or a variable";
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
                }
                texts.extend_from_slice(piece.as_bytes());
            }
            texts.push(0);
        }
        let pointers = starts.iter().map(|start| texts[*start..].as_ptr().cast());
        let pointers = pointers.chain([ptr::null()]).collect();
        Ok(Self { pointers, _texts: texts })
    }
}

fn candidates(program: &OsStr, path: Option<&OsString>) -> io::Result<Vec<CString>> {
    let text = |path: &OsStr| CString::new(path.as_bytes()).map_err(io::Error::from);
    if program.as_bytes().contains(&b'/') {
        return Ok(vec![text(program)?]);
    }
    let path = path.map_or(OsStr::new(PATH), OsString::as_os_str);
    let files = std::env::split_paths(path).map(|folder| {
        let folder = if folder.as_os_str().is_empty() { ".".into() } else { folder };
        text(folder.join(program).as_os_str())
    });
    if program.is_empty() { Ok(Vec::new()) } else { files.collect() }
}
