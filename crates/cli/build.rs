//! Puts the example repository into the program, so that `shipway demo` needs
//! nothing beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    load_where_it_was_linked();
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let example = root.join("../../examples/quickstart");
    println!("cargo::rerun-if-changed={}", example.display());
    let mut files = Vec::new();
    collect(&example, Path::new(""), &mut files)?;
    let mut code = "const QUICKSTART: &[(&str, &[u8])] = &[\n".to_owned();
    for file in files {
        let full = example.join(&file).canonicalize()?;
        let line = writeln!(code, "    ({file:?}, include_bytes!({full:?})),");
        line.map_err(io::Error::other)?;
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("quickstart.rs"), code)
}

/// A program that may be loaded anywhere has many pointers set right each time that it begins,
/// which is half of what a short command takes: see `docs/design/README.md`.
fn load_where_it_was_linked() {
    let target = |part: &str| env::var(format!("CARGO_CFG_TARGET_{part}")).unwrap_or_default();
    let is_static = target("FEATURE").split(',').any(|feature| feature == "crt-static");
    if target("OS") == "linux" && target("ENV") == "gnu" && !is_static {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}

fn collect(root: &Path, below: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(root.join(below))?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = below.join(entry.file_name());
        let name = entry.file_name();
        if name == "__pycache__" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
