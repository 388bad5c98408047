//! The inputs that say what is cached, and under which key.

use super::super::{Inputs, text};

/// The key, and those to restore from.
pub(super) struct Keys(Vec<String>);

const MOST: usize = 10;
const LONGEST: usize = 512;

impl Keys {
    pub(super) fn read(inputs: &Inputs) -> Result<Self, String> {
        let primary = text(inputs, "key").ok_or("Input required and not supplied: key")?;
        let others = text(inputs, "restore-keys").unwrap_or_default();
        let others = others.lines().map(str::trim).filter(|key| !key.is_empty());
        let keys: Vec<String> = std::iter::once(primary).chain(others).map(str::to_owned).collect();
        if keys.len() > MOST {
            return Err(format!("Key Validation Error: Keys are limited to a maximum of {MOST}."));
        }
        keys.iter().try_for_each(|key| check(key))?;
        Ok(Self(keys))
    }

    /// The key that is wanted.
    pub(super) fn primary(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// All of them in order.
    pub(super) fn all(&self) -> &[String] {
        &self.0
    }
}

/// As the released action refuses keys.
pub(super) fn check(key: &str) -> Result<(), String> {
    if key.chars().count() > LONGEST {
        return Err(format!(
            "Key Validation Error: {key} cannot be larger than {LONGEST} characters."
        ));
    }
    match key.contains(',') {
        true => Err(format!("Key Validation Error: {key} cannot contain commas.")),
        false => Ok(()),
    }
}

/// The lines of `path`, as they count for the version.
pub(super) fn paths(inputs: &Inputs) -> Result<Vec<String>, String> {
    let lines = text(inputs, "path").ok_or("Input required and not supplied: path")?.lines();
    let one = |line: &str| match line.trim().strip_prefix('!') {
        Some(rest) => format!("!{}", rest.trim_start()),
        None => line.trim().to_owned(),
    };
    Ok(lines.map(one).filter(|line| !line.is_empty()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(pairs: &[(&str, &str)]) -> Inputs {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn keys_are_lines() {
        let keys = Keys::read(&inputs(&[("key", " k-1 "), ("restore-keys", "k-\n\n  k \n")]));
        assert_eq!(keys.unwrap().all(), ["k-1", "k-", "k"]);
        assert!(Keys::read(&inputs(&[("key", "")])).is_err());
        assert!(Keys::read(&inputs(&[("key", "a,b")])).is_err());
        let eleven = "k\n".repeat(10);
        assert!(Keys::read(&inputs(&[("key", "a"), ("restore-keys", &eleven)])).is_err());
    }

    #[test]
    fn paths_are_lines_in_their_order() {
        let paths = paths(&inputs(&[("path", "\n  ~/.npm\n!  ~/.npm/tmp\n\nnode_modules ")]));
        assert_eq!(paths.unwrap(), ["~/.npm", "!~/.npm/tmp", "node_modules"]);
    }
}
