//! The shape of a log file, as far as it is read. Section numbers are those of the standard.

use std::collections::BTreeMap;

use serde::Deserialize;

/// 3.13.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Log {
    pub(super) version: Option<String>,
    pub(super) runs: Option<Vec<Run>>,
    pub(super) inline_external_properties: Option<Vec<External>>,
}

/// 3.14.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run {
    pub(super) tool: Tool,
    #[serde(default)]
    pub(super) invocations: Option<Vec<Invocation>>,
    #[serde(default)]
    pub(super) original_uri_base_ids: Option<BTreeMap<String, ArtifactLocation>>,
    #[serde(default)]
    pub(super) artifacts: Option<Vec<Artifact>>,
    pub(super) results: Option<Vec<Found>>,
    pub(super) external_property_file_references: Option<External>,
}

impl Run {
    pub(super) const fn has_results(&self) -> bool {
        self.results.is_some()
    }
}

/// 3.18.
#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) driver: Component,
    pub(super) extensions: Option<Vec<Component>>,
}

/// 3.19.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Component {
    pub(super) name: String,
    pub(super) rules: Option<Vec<Descriptor>>,
    pub(super) global_message_strings: Option<BTreeMap<String, Text>>,
}

/// 3.49: a rule.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Descriptor {
    pub(super) id: String,
    pub(super) short_description: Option<Text>,
    pub(super) help: Option<Text>,
    pub(super) help_uri: Option<String>,
    pub(super) message_strings: Option<BTreeMap<String, Text>>,
    pub(super) default_configuration: Option<Configuration>,
    pub(super) properties: Option<Properties>,
}

/// 3.50. `enabled` says what was looked for, not what a result is worth: it is not read.
#[derive(Deserialize)]
pub(super) struct Configuration {
    pub(super) level: Option<Level>,
}

/// 3.51: how a rule was configured when the tool ran.
#[derive(Deserialize)]
pub(super) struct Override {
    pub(super) descriptor: Reference,
    pub(super) configuration: Configuration,
}

/// What GitHub and CodeQL write into the property bag of a rule.
#[derive(Deserialize)]
pub(super) struct Properties {
    #[serde(rename = "security-severity")]
    pub(super) security_severity: Option<Score>,
}

/// A number, or a text that is one.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Score {
    Number(f64),
    Text(String),
}

/// 3.27.10.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    None,
    Note,
    Warning,
    Error,
}

/// 3.27.9.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum ResultKind {
    NotApplicable,
    Pass,
    Fail,
    Review,
    Open,
    Informational,
}

/// 3.12, and 3.11 without arguments.
#[derive(Default, Deserialize)]
pub(super) struct Text {
    pub(super) text: Option<String>,
}

/// 3.11.
#[derive(Default, Deserialize)]
pub(super) struct Message {
    pub(super) text: Option<String>,
    pub(super) markdown: Option<String>,
    pub(super) id: Option<String>,
    pub(super) arguments: Option<Vec<String>>,
}

/// 3.20.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invocation {
    pub(super) execution_successful: Option<bool>,
    pub(super) exit_code: Option<i64>,
    pub(super) exit_code_description: Option<String>,
    pub(super) exit_signal_name: Option<String>,
    pub(super) exit_signal_number: Option<i64>,
    pub(super) process_start_failure_message: Option<String>,
    pub(super) working_directory: Option<ArtifactLocation>,
    pub(super) tool_execution_notifications: Option<Vec<Notification>>,
    pub(super) tool_configuration_notifications: Option<Vec<Notification>>,
    pub(super) rule_configuration_overrides: Option<Vec<Override>>,
}

/// 3.58.
#[derive(Deserialize)]
pub(super) struct Notification {
    pub(super) level: Option<Level>,
    #[serde(default)]
    pub(super) message: Message,
    pub(super) locations: Option<Vec<Location>>,
    pub(super) exception: Option<Exception>,
}

impl Notification {
    /// Whether something was left undone: it is an error, or an exception that the tool does not
    /// itself call harmless.
    pub(super) fn is_of_a_failure(&self) -> bool {
        match self.level {
            Some(Level::Error) => true,
            None | Some(Level::Warning) => self.exception.is_some(),
            Some(Level::None | Level::Note) => false,
        }
    }
}

/// 3.59.
#[derive(Deserialize)]
pub(super) struct Exception {
    pub(super) message: Option<String>,
}

/// 3.24.
#[derive(Deserialize)]
pub(super) struct Artifact {
    pub(super) location: Option<ArtifactLocation>,
}

/// 3.4.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ArtifactLocation {
    pub(super) uri: Option<String>,
    pub(super) uri_base_id: Option<String>,
    pub(super) index: Option<i64>,
}

/// 3.15.3, 4.3: what stands in another file, or elsewhere in this one.
#[derive(Deserialize)]
pub(super) struct External {
    results: Option<Vec<serde::de::IgnoredAny>>,
    invocations: Option<Vec<serde::de::IgnoredAny>>,
}

impl External {
    /// Whether what was found stands there, or whether the analysis did its work.
    pub(super) fn says_something(&self) -> bool {
        let both = [&self.results, &self.invocations];
        both.into_iter().flatten().any(|all| !all.is_empty())
    }
}

/// 3.27: a result.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Found {
    pub(super) rule_id: Option<String>,
    pub(super) rule_index: Option<i64>,
    pub(super) rule: Option<Reference>,
    pub(super) kind: Option<ResultKind>,
    pub(super) level: Option<Level>,
    #[serde(default)]
    pub(super) message: Message,
    pub(super) locations: Option<Vec<Location>>,
    pub(super) partial_fingerprints: Option<BTreeMap<String, String>>,
    pub(super) fingerprints: Option<BTreeMap<String, String>>,
    pub(super) suppressions: Option<Vec<Suppression>>,
    pub(super) baseline_state: Option<String>,
    pub(super) provenance: Option<Provenance>,
}

/// 3.48.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provenance {
    pub(super) invocation_index: Option<i64>,
}

/// 3.52.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reference {
    pub(super) id: Option<String>,
    pub(super) index: Option<i64>,
    pub(super) tool_component: Option<ComponentReference>,
}

/// 3.54.
#[derive(Deserialize)]
pub(super) struct ComponentReference {
    pub(super) name: Option<String>,
    pub(super) index: Option<i64>,
}

/// 3.28.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Location {
    pub(super) physical_location: Option<PhysicalLocation>,
}

/// 3.29.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PhysicalLocation {
    pub(super) artifact_location: Option<ArtifactLocation>,
    pub(super) region: Option<Region>,
}

/// 3.30.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Region {
    pub(super) start_line: Option<i64>,
    pub(super) start_column: Option<i64>,
    pub(super) end_line: Option<i64>,
    pub(super) end_column: Option<i64>,
    pub(super) snippet: Option<Text>,
}

/// 3.35.
#[derive(Deserialize)]
pub(super) struct Suppression {
    pub(super) status: Option<Status>,
    pub(super) justification: Option<String>,
    pub(super) kind: Option<String>,
}

/// 3.35.3. What has none is accepted.
#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) enum Status {
    Accepted,
    UnderReview,
    Rejected,
}
