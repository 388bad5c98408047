//! pip-audit: `pip-audit --format json` since version 2.5, as its documentation describes it. It says
//! of no vulnerability how bad it is.

use serde::Deserialize;

use super::findings::{not_audited, rules};
use super::{Audit, Vulnerability};
use crate::reports::format::Format;
use crate::reports::no_evidence::Fault;
use crate::reports::source::Source;
use crate::reports::{Report, json};

pub(super) const FORMAT: Format = Format {
    name: "pip-audit",
    recognise: |beginning| {
        beginning.has(&["dependencies.[].name", "dependencies.[].vulns"])
            || beginning.has(&["dependencies.[].name", "dependencies.[].skip_reason"])
            || beginning.has(&["dependencies", "fixes"])
    },
    read: |source| read(source).map(Report::Vulnerabilities),
};

#[derive(Deserialize)]
struct Document {
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    version: Option<String>,
    vulns: Option<Vec<Vuln>>,
    skip_reason: Option<String>,
}

#[derive(Deserialize)]
struct Vuln {
    id: String,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    fix_versions: Vec<String>,
    #[serde(default)]
    description: String,
}

fn read(source: &mut Source<'_>) -> Result<Audit, Fault> {
    let Document { dependencies } = json::document(source)?;
    let mut audit = Audit { tools: vec!["pip-audit".into()], ..Audit::default() };
    let mut packages: u64 = 0;
    for Dependency { name, version, vulns, skip_reason } in dependencies {
        let Some(vulns) = vulns else {
            let why = skip_reason.unwrap_or_else(|| "no reason is given".into());
            audit
                .also
                .push(not_audited(&rules::NOT_AUDITED, &format!("{name} was not audited: {why}")));
            continue;
        };
        packages += 1;
        audit.found.extend(vulns.into_iter().map(|vuln| Vulnerability {
            package: name.clone(),
            versions: version.iter().cloned().collect(),
            advisory: vuln.id,
            aliases: vuln.aliases,
            fixed_in: vuln.fix_versions,
            title: vuln.description.lines().next().unwrap_or_default().to_owned(),
            sources: vec!["pip-audit".into()],
            ..Vulnerability::default()
        }));
    }
    if packages == 0 {
        return Err(Fault::empty("no package was audited"));
    }
    audit.packages = Some(packages);
    Ok(audit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Kind;

    #[test]
    fn a_package_that_was_not_audited_is_told() {
        let text = r#"{"dependencies": [{"name": "a", "version": "1", "vulns": []},
            {"name": "shop", "skip_reason": "not found"}], "fixes": []}"#;
        let audit = read(&mut Source::new(&mut text.as_bytes()).unwrap()).unwrap();
        let [finding] = audit.also.as_slice() else { panic!("{audit:?}") };
        assert_eq!((finding.kind, audit.packages), (Kind::Undecided, Some(1)));
        assert_eq!(finding.message, "shop was not audited: not found");
    }
}
