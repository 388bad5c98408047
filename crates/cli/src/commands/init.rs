//! `shipway init`.

use shipway_server::git::Repository;

use crate::args::Init;
use crate::error::CliError;
use crate::exit::Exit;
use crate::init::{Tree, Written, detect, write};
use crate::print;

pub(super) fn init(args: &Init) -> Result<Exit, CliError> {
    let repository = Repository::at(&args.dir)?;
    let root = repository.root();
    let branch = repository.branch()?.unwrap_or_else(|| "main".to_owned());
    let failed = |error: std::io::Error| CliError::trouble(format!("{}: {error}", root.display()));
    let detected = detect(&Tree::read(root, &branch).map_err(failed)?);
    for service in &detected.services {
        print::line(format!("found {} ({}) in {}", service.name, service.what, service.path));
    }
    for written in write(root, &detected).map_err(failed)? {
        print::line(match written {
            Written::Created(path) => format!("wrote {path}"),
            Written::Kept(path) => format!("kept {path}: it is there already"),
            Written::NotNeeded(path) => {
                format!("did not write {path}: there are workflows already")
            }
        });
    }
    print::line("look at them, commit them, and run `shipway ship`");
    Ok(Exit::Ok)
}
