//! What only the whole file shows.

use std::collections::HashMap;

use indexmap::IndexMap;
use shipway_workflow::Span;
use shipway_workflow::yaml::Node;

use super::code;
use super::item::Item;
use crate::config::{DeployedBy, Environment, Follows, Service};
use crate::ids::{EnvName, ServiceName};

type Services = IndexMap<ServiceName, Service>;
type Environments = IndexMap<EnvName, Environment>;

/// Where the value under these keys is; the start of the file if it is not
/// written.
fn locate(root: &Node, keys: &[&str]) -> Span {
    let found = keys.iter().try_fold(root, |node, key| node.as_mapping()?.get(key));
    found.map(Node::at).unwrap_or_default()
}

/// Reports `from` and `uses` that lead back to where they started.
pub(super) fn cycles(file: Item, services: &Services, environments: &Environments) {
    let (reader, root) = (file.reader, file.node);
    let names: Vec<&str> = environments.keys().map(|name| name.as_str()).collect();
    let from = environments.values().map(|environment| match &environment.follows {
        Follows::From(from) => vec![from.as_str()],
        Follows::Branch(_) | Follows::Manual => Vec::new(),
    });
    for cycle in find_cycles(&names, from) {
        let at = locate(root, &["environments", cycle[0], "from"]);
        let message = format!("environments follow each other in a circle: {}", circle(&cycle));
        let help = "one of them has to follow a branch, or nothing";
        reader.report(reader.error(code::CYCLE, at, message).with_help(help));
    }
    let names: Vec<&str> = services.keys().map(|name| name.as_str()).collect();
    let uses = services.values();
    let uses = uses.map(|service| service.uses.iter().map(String::as_str).collect());
    for cycle in find_cycles(&names, uses) {
        let at = locate(root, &["services", cycle[0], "uses"]);
        let message = format!("services use each other in a circle: {}", circle(&cycle));
        let help = "move what they share into a folder that both use";
        reader.report(reader.error(code::CYCLE, at, message).with_help(help));
    }
}

fn circle(names: &[&str]) -> String {
    let names: Vec<&str> = names.iter().chain(names.first()).copied().collect();
    names.join(" → ")
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    Not,
    Open,
    Done,
}

/// The circles that a walk through all nodes meets, depth first.
fn find_cycles<'a>(
    names: &[&'a str],
    edges: impl Iterator<Item = Vec<&'a str>>,
) -> Vec<Vec<&'a str>> {
    let index: HashMap<&str, usize> =
        names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let edges: Vec<Vec<usize>> =
        edges.map(|to| to.iter().filter_map(|name| index.get(name).copied()).collect()).collect();
    let mut seen = vec![Seen::Not; names.len()];
    let mut cycles = Vec::new();
    for start in 0..names.len() {
        // The nodes on the way, each with the number of edges already followed.
        let mut way: Vec<(usize, usize)> = Vec::new();
        if seen[start] == Seen::Not {
            seen[start] = Seen::Open;
            way.push((start, 0));
        }
        while let Some((node, followed)) = way.last_mut() {
            let Some(&to) = edges[*node].get(*followed) else {
                seen[*node] = Seen::Done;
                way.pop();
                continue;
            };
            *followed += 1;
            match seen[to] {
                Seen::Not => {
                    seen[to] = Seen::Open;
                    way.push((to, 0));
                }
                Seen::Open => {
                    let on_circle = way.iter().skip_while(|(node, _)| *node != to);
                    cycles.push(on_circle.map(|(node, _)| names[*node]).collect());
                }
                Seen::Done => {}
            }
        }
    }
    cycles
}

/// Reports two services that would answer at the same place.
pub(super) fn routes(file: Item, services: &Services, environments: &Environments) {
    let (reader, root) = (file.reader, file.node);
    let mut taken = HashMap::new();
    for (env_name, environment) in environments {
        if environment.deployed_by == DeployedBy::Workflow {
            continue;
        }
        for (name, place) in &environment.services {
            let listens = services.get(name).is_some_and(|service| service.listens);
            if !listens || place.listen.port() == 0 {
                continue;
            }
            let any = [String::new()];
            let hosts = if place.hosts.is_empty() { &any[..] } else { &place.hosts };
            let first = hosts.iter().find_map(|host| {
                let route = (place.listen, host.clone(), place.path.as_str());
                taken.insert(route, (env_name, name))
            });
            let Some((first_env, first_name)) = first else { continue };
            let message = format!(
                "`{name}` in `{env_name}` would answer at the same place as `{first_name}` in \
                 `{first_env}`: {}{}",
                place.listen, place.path,
            );
            let at = place_of(root, env_name.as_str(), name.as_str());
            let other = place_of(root, first_env.as_str(), first_name.as_str());
            let problem = reader.error(code::SAME_ROUTE, at, message);
            let help = "give one of them another `listen`, `hosts` or `path`";
            reader.report(problem.with_label(other, "taken here").with_help(help));
        }
    }
}

/// Where it is written at what address a service answers.
fn place_of(root: &Node, env: &str, service: &str) -> Span {
    [
        locate(root, &["environments", env, "services", service, "listen"]),
        locate(root, &["environments", env, "listen"]),
    ]
    .into_iter()
    .find(|span| *span != Span::default())
    .unwrap_or_else(|| locate(root, &["environments", env]))
}
