//! Which runners this machine is, by the labels and groups of `runs-on`.

use shipway_workflow::model::Runner;

/// Whether a machine with these labels takes the job; `None`: it takes any.
/// Labels ignore case, and `*` in one that the machine has stands for any text.
///
/// # Errors
/// Why it does not, for people.
pub(super) fn serves(labels: Option<&[String]>, wanted: &Runner) -> Result<(), String> {
    let Some(labels) = labels else { return Ok(()) };
    let has = |label: &str| labels.iter().any(|pattern| fits(pattern, label));
    let asked = wanted.labels.iter().chain(&wanted.group);
    let Some(missing) = asked.map(String::as_str).find(|label| !has(label)) else { return Ok(()) };
    let lower = missing.to_lowercase();
    Err(if lower.starts_with("windows") {
        format!("`runs-on: {missing}` needs Windows, and Shipway runs jobs on Linux")
    } else if lower.starts_with("macos") {
        format!("`runs-on: {missing}` needs macOS, and this machine is none")
    } else {
        format!(
            "no machine here has the label or group `{missing}`; if this one does, add it under \
             `workflows: {{runs_on: [{missing}]}}` in shipway.yaml"
        )
    })
}

fn fits(pattern: &str, label: &str) -> bool {
    let (pattern, label) = (pattern.to_lowercase(), label.to_lowercase());
    match pattern.split_once('*') {
        Some((before, after)) => {
            label.len() >= before.len() + after.len()
                && label.starts_with(before)
                && label.ends_with(after)
        }
        None => pattern == label,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_labels_have_to_be_there() {
        let here = ["self-hosted", "linux", "x64", "ubuntu-*"].map(str::to_owned);
        let ask = |labels: &[&str], group: Option<&str>| {
            let labels = labels.iter().map(|label| (*label).to_owned()).collect();
            serves(Some(&here), &Runner { group: group.map(str::to_owned), labels })
        };
        assert_eq!(ask(&["ubuntu-latest"], None), Ok(()));
        assert_eq!(ask(&["Self-Hosted", "Linux", "X64"], None), Ok(()));
        assert!(ask(&["windows-2022"], None).unwrap_err().contains("needs Windows"));
        assert!(ask(&["macos-latest"], None).unwrap_err().contains("needs macOS"));
        assert!(ask(&["self-hosted", "gpu"], None).unwrap_err().contains("`gpu`"));
        assert!(ask(&[], Some("big")).unwrap_err().contains("`big`"));
    }
}
