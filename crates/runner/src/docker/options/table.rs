//! Every flag of `docker create`, and what becomes of it.

use super::CreateOptions;
use super::values::{
    bytes, bytes_or_unlimited, cpus, device, duration, gpus, mount, number, pair, tmpfs, ulimit,
};
use crate::docker::{Port, Volume};
use bollard::models::HostConfigLogConfig;

/// A flag.
pub(super) struct Flag {
    long: &'static str,
    short: Option<char>,
    pub(super) set: Set,
}

type SetValue = fn(&mut CreateOptions, &str) -> Result<(), String>;

/// What a flag does.
#[derive(Clone, Copy)]
pub(super) enum Set {
    /// It is there or not.
    Flag(fn(&mut CreateOptions, bool)),
    /// It has a value.
    Value(SetValue),
    /// It is not supported, for this reason.
    Refused(&'static str),
}

pub(super) fn find(long: &str) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.long == long)
}

pub(super) fn find_short(short: char) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.short == Some(short))
}

/// The flag that somebody may have meant.
pub(super) fn nearest(long: &str) -> Option<&'static str> {
    shipway_workflow::diagnostic::nearest(long, FLAGS.iter().map(|flag| flag.long))
}

const OWN_NETWORK: &str = "the job has a network of its own, which every container of it is in";
const OWN_END: &str = "its container is removed with the job";

const fn value(long: &'static str, set: SetValue) -> Flag {
    Flag { long, short: None, set: Set::Value(set) }
}

const fn short(letter: char, long: &'static str, set: SetValue) -> Flag {
    Flag { long, short: Some(letter), set: Set::Value(set) }
}

const fn flag(long: &'static str, set: fn(&mut CreateOptions, bool)) -> Flag {
    Flag { long, short: None, set: Set::Flag(set) }
}

const fn refused(long: &'static str, why: &'static str) -> Flag {
    Flag { long, short: None, set: Set::Refused(why) }
}

/// Appends to a list that may not be there yet.
fn push<T>(list: &mut Option<Vec<T>>, item: T) -> Result<(), String> {
    list.get_or_insert_default().push(item);
    Ok(())
}

/// Sets a text of the body.
fn text(place: &mut Option<String>, value: &str) -> Result<(), String> {
    *place = Some(value.to_owned());
    Ok(())
}

/// Sets what was read, unless it could not be.
fn set<T>(place: &mut Option<T>, value: Result<T, String>) -> Result<(), String> {
    *place = Some(value?);
    Ok(())
}

static FLAGS: &[Flag] = &[
    value("add-host", |o, v| push(&mut o.host().extra_hosts, v.replacen('=', ":", 1))),
    value("cap-add", |o, v| push(&mut o.host().cap_add, v.to_owned())),
    value("cap-drop", |o, v| push(&mut o.host().cap_drop, v.to_owned())),
    value("cgroup-parent", |o, v| text(&mut o.host().cgroup_parent, v)),
    value("cgroupns", |o, v| {
        let mode = v.parse().map_err(|_| "it is `host` or `private`".to_owned());
        set(&mut o.host().cgroupns_mode, mode)
    }),
    value("cpu-period", |o, v| set(&mut o.host().cpu_period, number(v))),
    value("cpu-quota", |o, v| set(&mut o.host().cpu_quota, number(v))),
    short('c', "cpu-shares", |o, v| set(&mut o.host().cpu_shares, number(v))),
    value("cpus", |o, v| set(&mut o.host().nano_cpus, cpus(v))),
    value("cpuset-cpus", |o, v| text(&mut o.host().cpuset_cpus, v)),
    value("cpuset-mems", |o, v| text(&mut o.host().cpuset_mems, v)),
    value("device", |o, v| push(&mut o.host().devices, device(v)?)),
    value("device-cgroup-rule", |o, v| push(&mut o.host().device_cgroup_rules, v.to_owned())),
    value("dns", |o, v| push(&mut o.host().dns, v.to_owned())),
    value("dns-opt", |o, v| push(&mut o.host().dns_options, v.to_owned())),
    value("dns-option", |o, v| push(&mut o.host().dns_options, v.to_owned())),
    value("dns-search", |o, v| push(&mut o.host().dns_search, v.to_owned())),
    value("domainname", |o, v| text(&mut o.body.domainname, v)),
    value("entrypoint", |o, v| {
        o.body.entrypoint = Some(vec![v.to_owned()]);
        Ok(())
    }),
    short('e', "env", |o, v| push(&mut o.body.env, v.to_owned())),
    value("expose", |o, v| {
        for port in Port::parse(v).map_err(|error| error.to_string())? {
            o.body.exposed_ports.get_or_insert_default().push(port.key());
        }
        Ok(())
    }),
    value("gpus", |o, v| push(&mut o.host().device_requests, gpus(v)?)),
    value("group-add", |o, v| push(&mut o.host().group_add, v.to_owned())),
    value("health-cmd", |o, v| {
        o.health().test = Some(vec!["CMD-SHELL".to_owned(), v.to_owned()]);
        Ok(())
    }),
    value("health-interval", |o, v| set(&mut o.health().interval, duration(v))),
    value("health-retries", |o, v| set(&mut o.health().retries, number(v))),
    value("health-start-interval", |o, v| set(&mut o.health().start_interval, duration(v))),
    value("health-start-period", |o, v| set(&mut o.health().start_period, duration(v))),
    value("health-timeout", |o, v| set(&mut o.health().timeout, duration(v))),
    short('h', "hostname", |o, v| text(&mut o.body.hostname, v)),
    flag("init", |o, on| o.host().init = Some(on)),
    Flag {
        long: "interactive",
        short: Some('i'),
        set: Set::Flag(|o, on| o.body.open_stdin = Some(on)),
    },
    value("ipc", |o, v| text(&mut o.host().ipc_mode, v)),
    short('l', "label", |o, v| {
        let (key, value) = pair(v);
        o.body.labels.get_or_insert_default().insert(key, value);
        Ok(())
    }),
    value("log-driver", |o, v| {
        text(&mut o.host().log_config.get_or_insert_with(HostConfigLogConfig::default).typ, v)
    }),
    value("log-opt", |o, v| {
        let log = o.host().log_config.get_or_insert_with(HostConfigLogConfig::default);
        let (key, value) = pair(v);
        log.config.get_or_insert_default().insert(key, value);
        Ok(())
    }),
    short('m', "memory", |o, v| set(&mut o.host().memory, bytes(v))),
    value("memory-reservation", |o, v| set(&mut o.host().memory_reservation, bytes(v))),
    value("memory-swap", |o, v| set(&mut o.host().memory_swap, bytes_or_unlimited(v))),
    value("memory-swappiness", |o, v| set(&mut o.host().memory_swappiness, number(v))),
    value("mount", |o, v| push(&mut o.host().mounts, mount(v)?)),
    value("name", |o, v| text(&mut o.name, v)),
    value("network-alias", |o, v| {
        o.aliases.push(v.to_owned());
        Ok(())
    }),
    value("net-alias", |o, v| {
        o.aliases.push(v.to_owned());
        Ok(())
    }),
    flag("no-healthcheck", |o, on| {
        if on {
            o.health().test = Some(vec!["NONE".to_owned()]);
        }
    }),
    flag("oom-kill-disable", |o, on| o.host().oom_kill_disable = Some(on)),
    value("oom-score-adj", |o, v| set(&mut o.host().oom_score_adj, number(v))),
    value("pid", |o, v| text(&mut o.host().pid_mode, v)),
    value("pids-limit", |o, v| set(&mut o.host().pids_limit, number(v))),
    value("platform", |o, v| text(&mut o.platform, v)),
    flag("privileged", |o, on| o.host().privileged = Some(on)),
    short('p', "publish", |o, v| {
        o.ports.extend(Port::parse(v).map_err(|error| error.to_string())?);
        Ok(())
    }),
    Flag {
        long: "publish-all",
        short: Some('P'),
        set: Set::Flag(|o, on| o.host().publish_all_ports = Some(on)),
    },
    Flag { long: "quiet", short: Some('q'), set: Set::Flag(|_, _| ()) },
    flag("read-only", |o, on| o.host().readonly_rootfs = Some(on)),
    // The container is removed with the job, as it is.
    flag("rm", |_, _| ()),
    value("runtime", |o, v| text(&mut o.host().runtime, v)),
    value("security-opt", |o, v| push(&mut o.host().security_opt, v.to_owned())),
    value("shm-size", |o, v| set(&mut o.host().shm_size, bytes(v))),
    value("stop-signal", |o, v| text(&mut o.body.stop_signal, v)),
    value("stop-timeout", |o, v| set(&mut o.body.stop_timeout, number(v))),
    value("storage-opt", |o, v| {
        let (key, value) = pair(v);
        o.host().storage_opt.get_or_insert_default().insert(key, value);
        Ok(())
    }),
    value("sysctl", |o, v| {
        let (key, value) = pair(v);
        o.host().sysctls.get_or_insert_default().insert(key, value);
        Ok(())
    }),
    value("tmpfs", |o, v| {
        let (path, options) = tmpfs(v)?;
        o.host().tmpfs.get_or_insert_default().insert(path, options);
        Ok(())
    }),
    Flag { long: "tty", short: Some('t'), set: Set::Flag(|o, on| o.body.tty = Some(on)) },
    value("ulimit", |o, v| push(&mut o.host().ulimits, ulimit(v)?)),
    short('u', "user", |o, v| text(&mut o.body.user, v)),
    value("userns", |o, v| text(&mut o.host().userns_mode, v)),
    value("uts", |o, v| text(&mut o.host().uts_mode, v)),
    short('v', "volume", |o, v| {
        o.volumes.push(Volume::parse(v).map_err(|error| error.to_string())?);
        Ok(())
    }),
    value("volumes-from", |o, v| push(&mut o.host().volumes_from, v.to_owned())),
    short('w', "workdir", |o, v| text(&mut o.body.working_dir, v)),
    refused("network", OWN_NETWORK),
    refused("net", OWN_NETWORK),
    refused("ip", OWN_NETWORK),
    refused("ip6", OWN_NETWORK),
    refused("link", OWN_NETWORK),
    refused("link-local-ip", OWN_NETWORK),
    refused("mac-address", OWN_NETWORK),
    refused("restart", OWN_END),
    refused("cidfile", OWN_END),
    refused("env-file", "write the variables into `env`"),
    refused("label-file", "write the labels as `--label`"),
    refused("attach", "a job's container runs by itself"),
    refused("isolation", "it is an option of Windows"),
    refused("volume-driver", "volumes are folders of this machine, or of Docker's `local` driver"),
    refused("pull", "an image that is there is used; another one is pulled"),
    refused("blkio-weight", "current kernels do not have it"),
];
