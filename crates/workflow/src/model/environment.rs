//! `environment`: where a job deploys to.

use super::dynamic::Dynamic;
use super::reader::Reader;
use crate::expr::{Template, scopes};
use crate::yaml::Node;

/// The environment of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: Template,
    /// Where it answers.
    pub url: Option<Template>,
    /// Whether a deployment is recorded; it is unless this says no.
    pub deployment: Option<Dynamic<bool>>,
}

impl Environment {
    pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Option<Self> {
        if node.as_mapping().is_none() {
            let name = reader.template(node, "`environment`", &scopes::JOB)?;
            return Some(Self { name, url: None, deployment: None });
        }
        let what = "`environment`";
        let fields = reader.fields(node, what, &["name", "url", "deployment"])?;
        let url = fields
            .get("url")
            .and_then(|node| reader.template(node, "`url`", &scopes::ENVIRONMENT_URL));
        let deployment = fields
            .get("deployment")
            .and_then(|node| Dynamic::<bool>::read(reader, node, "`deployment`", &scopes::JOB));
        let name = reader.require(&fields, "name", what)?;
        let name = reader.template(name, "`name`", &scopes::JOB)?;
        Some(Self { name, url, deployment })
    }
}
