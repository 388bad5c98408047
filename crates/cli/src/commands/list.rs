//! `shipway env list` and `shipway service list`.

use shipway_core::config::{Follows, Source};

use crate::args::Report;
use crate::error::CliError;
use crate::exit::Exit;
use crate::print;

use super::config::read;

pub(super) fn environments(args: &Report) -> Result<Exit, CliError> {
    let config = read()?;
    if args.json {
        print::json(&config.environments)?;
        return Ok(Exit::Ok);
    }
    for (name, env) in &config.environments {
        let follows = match &env.follows {
            Follows::Branch(branch) => format!("follows the branch {branch}"),
            Follows::From(from) => format!("takes what was proven in {from}"),
            Follows::Manual => "takes what a person deploys".to_owned(),
        };
        let approval = env
            .approval
            .as_ref()
            .map_or_else(String::new, |rule| format!(", {} must approve", rule.required));
        print::line(format!("{name}  {follows}{approval}"));
    }
    Ok(Exit::Ok)
}

pub(super) fn services(args: &Report) -> Result<Exit, CliError> {
    let config = read()?;
    if args.json {
        print::json(&config.services)?;
        return Ok(Exit::Ok);
    }
    for (name, service) in &config.services {
        let source = match &service.source {
            Source::Build(build) => format!("built by `{}`", build.run),
            Source::Artifact(artifact) => format!("from the artifact {artifact}"),
            Source::Tree => "as committed".to_owned(),
        };
        print::line(format!("{name}  {}  {source}  runs `{}`", service.path, service.run));
    }
    Ok(Exit::Ok)
}
