//! Completions and man pages.

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;

use crate::args::Arguments;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;

pub(super) fn completions(shell: clap_complete::Shell) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "shipway", &mut script);
    print::line(String::from_utf8_lossy(&script).trim_end());
    Ok(Exit::Ok)
}

pub(super) fn man(dir: &Path) -> Result<Exit, CliError> {
    let failed = |error: std::io::Error| CliError::trouble(format!("{}: {error}", dir.display()));
    fs::create_dir_all(dir).map_err(failed)?;
    clap_mangen::generate_to(Arguments::command(), dir).map_err(failed)?;
    print::line(format!("man pages are in {}; `man -l {0}/shipway.1` shows one", dir.display()));
    Ok(Exit::Ok)
}
