//! Environments.

use indexmap::IndexMap;

use super::fields::Fields;
use super::item::{Item, did_you_mean};
use super::layers::Layer;
use super::service::MOST_REPLICAS;
use super::{code, guard, path, value};
use crate::config::{
    Approval, DeployedBy, Environment, Fallback, Follows, Guard, Lease, Placement, Rollout,
    Service, Target, defaults,
};
use crate::ids::{EnvName, ServiceName};

/// Reads the environment `name`; `all` are the names of all environments.
pub(super) fn environment(
    item: Item,
    name: &EnvName,
    all: &[&str],
    services: &IndexMap<ServiceName, Service>,
) -> Option<Environment> {
    let mut fields = Fields::of(item)?;
    let follows = follows(&mut fields, name, all);
    let target = fields.or("target", defaults::target, target);
    let deployed_by = fields.or("deployed_by", defaults::deployed_by, value::choice(DEPLOYED_BY));
    let listen = fields.or("listen", defaults::listen, value::address);
    let approval = fields.or_off("approval", || None, approval);
    let rollout = fields.or("rollout", defaults::rollout, rollout);
    let guard = fields.or("guard", Guard::default, guard::guard);
    let lease = fields.or("lease", Lease::default, lease);
    let layer = Layer::read(&mut fields);
    let written = fields.or("services", IndexMap::new, |item| written(item, services));
    fields.finish();
    let services = services.iter().map(|(name, service)| {
        let below = Layer { env: service.env.clone(), secrets: service.secrets.clone() };
        let written = written.get(name).cloned().unwrap_or_default();
        (name.clone(), written.over(below.below(layer.clone()), service, listen))
    });
    Some(Environment {
        follows,
        target,
        deployed_by,
        listen,
        approval,
        rollout,
        guard,
        lease,
        services: services.collect(),
        env: layer.env,
        secrets: layer.secrets,
    })
}

const DEPLOYED_BY: &[(&str, DeployedBy)] =
    &[("shipway", DeployedBy::Shipway), ("workflow", DeployedBy::Workflow)];

fn follows(fields: &mut Fields, name: &EnvName, all: &[&str]) -> Follows {
    let branch = fields.get("branch", branch);
    let from = fields.get("from", |item| {
        let from: EnvName = value::name(item)?;
        if from == *name {
            item.error(code::CYCLE, format!("environment `{name}` follows itself"));
            return None;
        }
        if !all.contains(&from.as_str()) {
            let message = format!("there is no environment `{from}`");
            let others: Vec<&str> =
                all.iter().copied().filter(|other| *other != name.as_str()).collect();
            let help = did_you_mean(from.as_str(), &others);
            item.error_with_help(code::UNKNOWN_ENVIRONMENT, message, help);
            return None;
        }
        Some(from)
    });
    fields.exclude("branch", "from");
    match (branch, from) {
        (Some(branch), _) => Follows::Branch(branch),
        (None, Some(from)) => Follows::From(from),
        (None, None) => Follows::Manual,
    }
}

fn branch(item: Item) -> Option<String> {
    let text = value::text(item)?;
    // What `git check-ref-format` refuses, as far as a person would write it.
    let refused = |c: char| c.is_whitespace() || c.is_control() || "*?[\\^~:".contains(c);
    if text.contains(refused) || text.contains("..") || text.starts_with(['-', '/']) {
        let message = format!("`{text}` is not the name of one branch");
        item.error_with_help(code::BAD_VALUE, message, "an environment follows a single branch");
        return None;
    }
    Some(text)
}

fn target(item: Item) -> Option<Target> {
    const LATER: [&str; 6] = ["kubernetes", "ecs", "lambda", "cloudflare", "s3", "commands"];
    let first_key = || Some(item.node.as_mapping()?.iter().next()?.key.value.as_str());
    let Some(name) = item.node.as_str().or_else(first_key) else {
        item.wrong_type("`host`");
        return None;
    };
    match name {
        "host" if item.node.as_str().is_some() => return Some(Target::Host),
        "host" => item.wrong_type("`host` alone"),
        name if LATER.contains(&name) => {
            item.error(code::NOT_YET, format!("the target `{name}` is not available yet"));
        }
        name => item.error_with_help(
            code::BAD_VALUE,
            format!("there is no target `{name}`"),
            did_you_mean(name, &["host"]),
        ),
    }
    None
}

fn approval(item: Item) -> Option<Approval> {
    let mut fields = Fields::of(item)?;
    let approval = Approval {
        required: fields.or("required", defaults::approvals_required, value::whole(1..=50)),
        by: fields.or("by", Vec::new, |item| item.list(approver)),
        self_approval: fields.or("self", defaults::self_approval, value::flag),
        unverified: fields.or("unverified", defaults::unverified_approval, value::flag),
        expires: fields.or("expires", defaults::approval_expires, value::some_time),
    };
    fields.finish();
    possible(item, &approval);
    Some(approval)
}

pub(super) fn approver(item: Item) -> Option<String> {
    let text = value::text(item)?;
    if text.starts_with("team:") {
        let message = format!("`{text}`: teams are not available yet");
        item.error_with_help(code::NOT_YET, message, "name the people by their login names");
    }
    Some(text)
}

/// Reports rules that nobody can meet, before somebody waits for it.
fn possible(item: Item, approval: &Approval) {
    let report = |message: String, help: &str| {
        let problem = item.reader.error(code::IMPOSSIBLE_APPROVAL, item.key, message);
        item.reader.report(problem.with_help(help));
    };
    let mut people = approval.by.clone();
    people.sort();
    people.dedup();
    let required = usize::from(approval.required);
    if !people.is_empty() && people.len() < required {
        let message = match people.len() {
            1 => format!("nobody can approve: {required} have to agree, and one person may"),
            few => format!("nobody can approve: {required} have to agree, and {few} people may"),
        };
        report(message, "lower `required`, or name more people in `by`");
    }
    if !approval.unverified {
        report(
            "nobody can approve: people are known by their login name only".to_owned(),
            "write `unverified: true` to let login names on this machine count; \
             signing in is not available yet",
        );
    }
}

fn rollout(item: Item) -> Option<Rollout> {
    let blue_green = |bake| Rollout::BlueGreen { bake };
    let recreate = |bake| Rollout::Recreate { bake };
    match item.node.as_str() {
        Some("blue_green") => return Some(blue_green(defaults::bake())),
        Some("recreate") => return Some(recreate(defaults::bake())),
        Some(word @ ("canary" | "rolling")) => {
            item.error(code::NOT_YET, format!("`{word}` is not available yet"));
            return None;
        }
        Some(word) => {
            let message = format!("there is no rollout `{word}`");
            let help = did_you_mean(word, &["blue_green", "recreate"]);
            item.error_with_help(code::BAD_VALUE, message, help);
            return None;
        }
        None => {}
    }
    let mut fields = Fields::of(item)?;
    let one = fields.get("blue_green", bake).map(blue_green);
    let other = fields.get("recreate", bake).map(recreate);
    fields.exclude("blue_green", "recreate");
    fields.later("canary");
    fields.later("rolling");
    fields.finish();
    if item.node.as_mapping().is_some_and(|mapping| mapping.is_empty()) {
        item.wrong_type("`blue_green` or `recreate` in it");
    }
    one.or(other)
}

fn bake(item: Item) -> Option<std::time::Duration> {
    let mut fields = Fields::of(item)?;
    let bake = fields.or("bake", defaults::bake, value::period);
    fields.finish();
    Some(bake)
}

fn lease(item: Item) -> Option<Lease> {
    const FALLBACK: &[(&str, Fallback)] =
        &[("restore", Fallback::Restore), ("hold", Fallback::Hold)];
    let mut fields = Fields::of(item)?;
    let lease = Lease {
        ttl: fields.or("ttl", defaults::lease_ttl, value::some_time),
        fallback: fields.or("fallback", defaults::lease_fallback, value::choice(FALLBACK)),
    };
    fields.finish();
    Some(lease)
}

/// What is written of a [`Placement`]; the rest follows from the service and
/// the environment.
#[derive(Clone, Default)]
struct Written {
    listen: Option<std::net::SocketAddr>,
    hosts: Vec<String>,
    path: Option<String>,
    replicas: Option<u16>,
    layer: Layer,
}

impl Written {
    fn over(self, below: Layer, service: &Service, listen: std::net::SocketAddr) -> Placement {
        let Layer { env, secrets } = below.below(self.layer);
        Placement {
            listen: self.listen.unwrap_or(listen),
            hosts: self.hosts,
            path: self.path.unwrap_or_else(defaults::route_path),
            replicas: self.replicas.unwrap_or(service.replicas),
            env,
            secrets,
        }
    }
}

fn written(
    item: Item,
    services: &IndexMap<ServiceName, Service>,
) -> Option<IndexMap<ServiceName, Written>> {
    value::named(item, |name: &ServiceName, item| {
        if !services.contains_key(name) {
            let names: Vec<&str> = services.keys().map(ServiceName::as_str).collect();
            let message = format!("there is no service `{name}`");
            let problem = item.reader.error(code::UNKNOWN_SERVICE, item.key, message);
            item.reader.report(problem.with_help(did_you_mean(name.as_str(), &names)));
        }
        let mut fields = Fields::of(item)?;
        let written = Written {
            listen: fields.get("listen", value::address),
            hosts: fields.or("hosts", Vec::new, |item| item.list(host_name)),
            path: fields.get("path", path::url_path),
            replicas: fields.get("replicas", value::whole(1..=MOST_REPLICAS)),
            layer: Layer::read(&mut fields),
        };
        fields.finish();
        Some(written)
    })
}

/// `www.example.org` or `*.example.org`.
fn host_name(item: Item) -> Option<String> {
    let text = value::text(item)?;
    let name = text.strip_prefix("*.").unwrap_or(&text);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    if name.len() > 253 || !name.split('.').all(label) {
        let message = format!("`{text}` is not a host name");
        let help = "write it like `www.example.org` or `*.example.org`, without a port";
        item.error_with_help(code::BAD_VALUE, message, help);
        return None;
    }
    Some(text.to_ascii_lowercase())
}
