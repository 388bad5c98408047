//! Volumes of a container, as `volumes` and `--volume` write them.

use super::DockerError;

/// Something that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Volume {
    /// A new volume, gone with the container.
    Anonymous {
        /// Where in the container.
        target: String,
    },
    /// A volume with a name.
    Named {
        /// Its name.
        name: String,
        /// Where in the container.
        target: String,
        /// Such as `ro`.
        mode: Option<String>,
    },
    /// A folder or file of this machine.
    Bind {
        /// Its path here.
        source: String,
        /// Where in the container.
        target: String,
        /// Such as `ro`.
        mode: Option<String>,
    },
}

impl Volume {
    /// `target`, `source:target` or `source:target:mode`; `target:ro`, too, as
    /// GitHub's runner has it.
    pub(crate) fn parse(text: &str) -> Result<Self, DockerError> {
        let parts: Vec<&str> = text.trim().split(':').collect();
        let (source, target, mode) = match parts.as_slice() {
            [target] => (None, *target, None),
            [target, mode] if mode.eq_ignore_ascii_case("ro") => (None, *target, Some(*mode)),
            [source, target] => (Some(*source), *target, None),
            [source, target, mode] => (Some(*source), *target, Some(*mode)),
            _ => return Err(DockerError::Volume(text.to_owned())),
        };
        if !target.starts_with('/') || source.is_some_and(str::is_empty) {
            return Err(DockerError::Volume(text.to_owned()));
        }
        let (target, mode) = (target.to_owned(), mode.map(str::to_owned));
        Ok(match source {
            None => Self::Anonymous { target },
            Some(path) if path.starts_with('/') => {
                Self::Bind { source: path.to_owned(), target, mode }
            }
            Some(name) if is_name(name) => Self::Named { name: name.to_owned(), target, mode },
            Some(_) => return Err(DockerError::Volume(text.to_owned())),
        })
    }

    /// As the API's `Binds` has it; an anonymous one is not among them.
    pub(crate) fn bind(&self) -> Option<String> {
        let (source, target, mode) = match self {
            Self::Anonymous { .. } => return None,
            Self::Named { name, target, mode } => (name, target, mode),
            Self::Bind { source, target, mode } => (source, target, mode),
        };
        Some(match mode {
            Some(mode) => format!("{source}:{target}:{mode}"),
            None => format!("{source}:{target}"),
        })
    }
}

/// What Docker takes for a volume's name.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let rest = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    bytes.next().is_some_and(|b| b.is_ascii_alphanumeric()) && bytes.all(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_are_told_apart() {
        let bind = |text: &str| Volume::parse(text).map(|volume| volume.bind());
        assert_eq!(bind("/data").ok(), Some(None));
        assert_eq!(bind("cache:/data").ok().flatten().as_deref(), Some("cache:/data"));
        assert_eq!(bind("/a:/b:ro").ok().flatten().as_deref(), Some("/a:/b:ro"));
        let read_only = Volume::Anonymous { target: "/data".to_owned() };
        assert_eq!(Volume::parse("/data:ro").ok(), Some(read_only));
        for wrong in ["", "data", "./a:/b", "a:b", ":/b", "a:/b:ro:x"] {
            assert!(Volume::parse(wrong).is_err(), "{wrong}");
        }
    }
}
