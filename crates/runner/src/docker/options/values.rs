//! Values of options.

use bollard::models::{
    DeviceMapping, DeviceRequest, Mount, MountBindOptions, MountTmpfsOptions, MountType,
    ResourcesUlimits,
};

type Read<T> = Result<T, String>;

/// A size in bytes: `1024`, `512m`, `1.5g`, `64MB`.
pub(super) fn bytes(text: &str) -> Read<i64> {
    let wrong = || "a size is a number of bytes, or one with b, k, m or g".to_owned();
    let lower = text.trim().to_ascii_lowercase();
    let digits = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let (number, unit) = lower.split_at(digits);
    let shift = match unit.trim().trim_end_matches("ib").trim_end_matches('b') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(wrong()),
    };
    if let Ok(whole) = number.parse::<i64>() {
        return whole.checked_mul(1 << shift).ok_or_else(wrong);
    }
    let size = number.parse::<f64>().map_err(|_| wrong())? * (1_i64 << shift) as f64;
    // What does not fit is the largest one; sizes with a fraction are small.
    Ok(size as i64)
}

/// A size, or -1 for none.
pub(super) fn bytes_or_unlimited(text: &str) -> Read<i64> {
    if text.trim() == "-1" { Ok(-1) } else { bytes(text) }
}

/// A whole number.
pub(super) fn number(text: &str) -> Read<i64> {
    text.trim().parse().map_err(|_| "a whole number was expected".to_owned())
}

/// Processors in billionths.
pub(super) fn cpus(text: &str) -> Read<i64> {
    let number: f64 = text.trim().parse().map_err(|_| "a number such as 1.5 was expected")?;
    if !(0.0..=1e6).contains(&number) {
        return Err("a number such as 1.5 was expected".to_owned());
    }
    Ok((number * 1e9).round() as i64)
}

/// A duration as Go writes it, `1m30s`, in nanoseconds.
pub(super) fn duration(text: &str) -> Read<i64> {
    let wrong = || "a duration is written 10s, 500ms or 1m30s".to_owned();
    let mut rest = text.trim();
    if rest == "0" {
        return Ok(0);
    }
    let mut total = 0.0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, behind) = rest.split_at(digits);
        let letters = behind.find(|c: char| c.is_ascii_digit()).unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(letters);
        let factor = match unit {
            "ns" => 1.0,
            "us" | "µs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return Err(wrong()),
        };
        total += number.parse::<f64>().map_err(|_| wrong())? * factor;
        rest = behind;
    }
    if text.trim().is_empty() || total >= 9e18 {
        return Err(wrong());
    }
    Ok(total as i64)
}

/// `name=soft[:hard]`
pub(super) fn ulimit(text: &str) -> Read<ResourcesUlimits> {
    let wrong = || "it is written name=soft or name=soft:hard".to_owned();
    let (name, limits) = text.split_once('=').ok_or_else(wrong)?;
    let (soft, hard) = limits.split_once(':').unwrap_or((limits, limits));
    Ok(ResourcesUlimits {
        name: Some(name.to_owned()),
        soft: Some(number(soft)?),
        hard: Some(number(hard)?),
    })
}

/// `key=value`, or `key` alone.
pub(super) fn pair(text: &str) -> (String, String) {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    (key.to_owned(), value.to_owned())
}

/// `/path` or `/path:options`
pub(super) fn tmpfs(text: &str) -> Read<(String, String)> {
    let (path, options) = text.split_once(':').unwrap_or((text, ""));
    match path.starts_with('/') {
        true => Ok((path.to_owned(), options.to_owned())),
        false => Err("a path in the container was expected".to_owned()),
    }
}

/// `/dev/here[:/dev/there[:rwm]]`
pub(super) fn device(text: &str) -> Read<DeviceMapping> {
    let mut parts = text.split(':');
    let host = parts.next().unwrap_or_default();
    let container = parts.next().filter(|part| part.starts_with('/')).unwrap_or(host);
    let rights = text.rsplit(':').next().filter(|part| !part.starts_with('/'));
    if !host.starts_with('/') {
        return Err("a device such as /dev/fuse was expected".to_owned());
    }
    Ok(DeviceMapping {
        path_on_host: Some(host.to_owned()),
        path_in_container: Some(container.to_owned()),
        cgroup_permissions: Some(rights.unwrap_or("rwm").to_owned()),
    })
}

/// `all`, a count, or `device=id`.
pub(super) fn gpus(text: &str) -> Read<DeviceRequest> {
    let mut request = DeviceRequest {
        capabilities: Some(vec![vec!["gpu".to_owned()]]),
        ..DeviceRequest::default()
    };
    match text.trim_matches('"').split_once('=') {
        Some(("device", ids)) => {
            request.device_ids = Some(ids.split(',').map(str::to_owned).collect());
        }
        Some(_) => return Err("it is `all`, a number, or `device=…`".to_owned()),
        None if text == "all" => request.count = Some(-1),
        None => request.count = Some(number(text)?),
    }
    Ok(request)
}

/// `type=bind,source=/a,target=/b,readonly`
pub(super) fn mount(text: &str) -> Read<Mount> {
    let mut mount = Mount { typ: Some(MountType::VOLUME), ..Mount::default() };
    for field in text.split(',') {
        let (key, value) = pair(field);
        match key.trim() {
            "type" => {
                mount.typ = Some(match value.as_str() {
                    "bind" => MountType::BIND,
                    "volume" => MountType::VOLUME,
                    "tmpfs" => MountType::TMPFS,
                    other => return Err(format!("a mount of type `{other}` is not supported")),
                });
            }
            "source" | "src" => mount.source = Some(value),
            "target" | "dst" | "destination" => mount.target = Some(value),
            "readonly" | "ro" => mount.read_only = Some(!matches!(&*value, "false" | "0")),
            "bind-propagation" => {
                let propagation = value.parse().map_err(|_| format!("`{value}` is unknown"))?;
                let bind = mount.bind_options.get_or_insert_with(MountBindOptions::default);
                bind.propagation = Some(propagation);
            }
            "tmpfs-size" => {
                let tmpfs = mount.tmpfs_options.get_or_insert_with(MountTmpfsOptions::default);
                tmpfs.size_bytes = Some(bytes(&value)?);
            }
            other => return Err(format!("`{other}` of a mount is not supported")),
        }
    }
    match mount.target {
        Some(_) => Ok(mount),
        None => Err("a mount needs a `target`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        assert_eq!(bytes("1.5g"), Ok(3 << 29));
        assert_eq!(bytes("64MB"), Ok(64 << 20));
        assert_eq!(bytes("2GiB"), Ok(2 << 30));
        assert!(bytes("m").is_err() && bytes("").is_err() && bytes("9999999999999g").is_err());
        assert_eq!(duration("1h2m3.5s"), Ok(3_723_500_000_000));
        assert!(duration("5").is_err() && duration("").is_err() && duration("s").is_err());
    }

    #[test]
    fn devices_and_mounts() {
        let fuse = device("/dev/fuse").unwrap();
        assert_eq!(fuse.path_in_container.as_deref(), Some("/dev/fuse"));
        let renamed = device("/dev/a:/dev/b:r").unwrap();
        assert_eq!(renamed.cgroup_permissions.as_deref(), Some("r"));
        let bind = mount("type=bind,source=/a,target=/b,readonly").unwrap();
        assert_eq!((bind.typ, bind.read_only), (Some(MountType::BIND), Some(true)));
        assert!(mount("type=bind,source=/a").is_err());
    }
}
