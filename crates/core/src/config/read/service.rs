//! Services.

use std::time::Duration;

use shipway_workflow::diagnostic::nearest;

use super::fields::Fields;
use super::item::{Item, did_you_mean};
use super::layers::Layer;
use super::{code, path, value};
use crate::config::{
    Build, Health, Migrations, OnLost, Resources, Service, Signal, Smoke, Source, Stop, defaults,
};
use crate::ids::ServiceName;

/// The most processes of one service on one machine.
pub(super) const MOST_REPLICAS: i64 = 1_000;

/// Reads the service `name`; `all` are the names of all services.
pub(super) fn service(item: Item, name: &ServiceName, all: &[&str]) -> Option<Service> {
    let mut fields = Fields::of(item)?;
    let path = fields.or("path", defaults::path, path::folder);
    let uses = fields.or("uses", Vec::new, |item| item.list(|item| used(item, name, all)));
    let source = source(&mut fields);
    let run = fields.required("run", &format!("service `{name}`"), value::text);
    let listens = fields.or("port", defaults::listens, value::flag);
    let health = fields.or("health", Health::default, |item| health(item, listens));
    let smoke = fields.or_off("smoke", || None, smoke);
    let migrations = fields.or_off("migrations", || None, |item| migrations(item, &path));
    let Layer { env, secrets } = Layer::read(&mut fields);
    let replicas = fields.or("replicas", defaults::replicas, value::whole(1..=MOST_REPLICAS));
    let resources = fields.or("resources", Resources::default, resources);
    let stop = fields.or("stop", Stop::default, stop);
    let drain = fields.or("drain", defaults::drain, value::period);
    fields.later("image");
    fields.finish();
    Some(Service {
        path,
        uses,
        source,
        run: run.unwrap_or_default(),
        listens,
        health,
        smoke,
        migrations,
        env,
        secrets,
        replicas,
        resources,
        stop,
        drain,
    })
}

/// Another service, or a path of the repository.
fn used(item: Item, user: &ServiceName, all: &[&str]) -> Option<String> {
    let text = value::text(item)?;
    if text == user.as_str() {
        item.error(code::CYCLE, format!("service `{user}` uses itself"));
        return None;
    }
    if all.contains(&text.as_str()) {
        return Some(text);
    }
    let path = path::relative(item)?;
    if item.reader.facts.at(&path).is_none() {
        let message = format!("`{text}` is neither a service nor a path in the repository");
        let help = match (nearest(&text, all), path::nearest_path(item, &path)) {
            (None, Some(near)) => format!("did you mean `{near}`?"),
            _ => did_you_mean(&text, all),
        };
        item.error_with_help(code::UNKNOWN_SERVICE, message, help);
        return None;
    }
    Some(path)
}

fn source(fields: &mut Fields) -> Source {
    let build = fields.or_off("build", || None, build);
    let artifact = fields.get("artifact", value::text);
    fields.exclude("build", "artifact");
    match (build, artifact) {
        (Some(build), _) => Source::Build(build),
        (None, Some(artifact)) => Source::Artifact(artifact),
        (None, None) => Source::Tree,
    }
}

fn build(item: Item) -> Option<Build> {
    if item.node.as_scalar().is_some() {
        let run = value::text(item)?;
        return Some(Build { run, outputs: Vec::new(), timeout: defaults::build_timeout() });
    }
    let mut fields = Fields::of(item)?;
    let run = fields.required("run", "`build`", value::text);
    let outputs = fields.or("outputs", Vec::new, |item| item.list(path::pattern));
    let timeout = fields.or("timeout", defaults::build_timeout, value::some_time);
    fields.finish();
    Some(Build { run: run?, outputs, timeout })
}

fn health(item: Item, listens: bool) -> Option<Health> {
    let url_path = |item: Item| {
        if !listens {
            let message = "a service without a port cannot be asked for a path";
            let help = "remove the path, or `port: false`";
            item.error_with_help(code::CONFLICT, message, help);
        }
        path::url_path(item)
    };
    if item.node.as_scalar().is_some() {
        return Some(Health { path: Some(url_path(item)?), ..Health::default() });
    }
    let mut fields = Fields::of(item)?;
    let health = Health {
        path: fields.or_off("path", || None, url_path),
        interval: fields.or("interval", defaults::health_interval, value::some_time),
        timeout: fields.or("timeout", defaults::health_timeout, value::some_time),
        retries: fields.or("retries", defaults::health_retries, value::whole(1..=1_000)),
        start: fields.or("start", defaults::health_start, value::some_time),
    };
    fields.finish();
    Some(health)
}

fn smoke(item: Item) -> Option<Smoke> {
    let (timeout, on_lost) = (defaults::smoke_timeout, defaults::smoke_on_lost);
    if item.node.as_scalar().is_some() {
        return Some(Smoke { run: value::text(item)?, timeout: timeout(), on_lost: on_lost() });
    }
    let mut fields = Fields::of(item)?;
    let run = fields.required("run", "`smoke`", value::text);
    let timeout: Duration = fields.or("timeout", timeout, value::some_time);
    let on_lost = fields.or("on_lost", on_lost, value::choice(ON_LOST));
    fields.finish();
    Some(Smoke { run: run?, timeout, on_lost })
}

fn migrations(item: Item, service: &str) -> Option<Migrations> {
    let mut fields = Fields::of(item)?;
    let dir = fields.required("dir", "`migrations`", |item| {
        let dir = path::relative(item)?;
        path::must_be_folder(item, &path::join(service, &dir)).then_some(dir)
    });
    let apply = fields.required("apply", "`migrations`", value::text);
    let timeout = fields.or("timeout", defaults::migrations_timeout, value::some_time);
    let on_lost = fields.or("on_lost", defaults::migrations_on_lost, value::choice(ON_LOST));
    fields.finish();
    Some(Migrations { dir: dir?, apply: apply?, timeout, on_lost })
}

const ON_LOST: &[(&str, OnLost)] =
    &[("retry", OnLost::Retry), ("ask", OnLost::Ask), ("fail", OnLost::Fail)];

fn resources(item: Item) -> Option<Resources> {
    let mut fields = Fields::of(item)?;
    let resources = Resources {
        memory: fields.or_off("memory", || None, value::quantity),
        cpu: fields.or_off("cpu", || None, value::quantity),
    };
    fields.finish();
    Some(resources)
}

fn stop(item: Item) -> Option<Stop> {
    const SIGNALS: &[(&str, Signal)] = &[
        ("TERM", Signal::Term),
        ("INT", Signal::Int),
        ("QUIT", Signal::Quit),
        ("HUP", Signal::Hup),
        ("USR1", Signal::Usr1),
        ("USR2", Signal::Usr2),
    ];
    let mut fields = Fields::of(item)?;
    let stop = Stop {
        signal: fields.or("signal", defaults::stop_signal, value::choice(SIGNALS)),
        grace: fields.or("grace", defaults::stop_grace, value::period),
    };
    fields.finish();
    Some(stop)
}
