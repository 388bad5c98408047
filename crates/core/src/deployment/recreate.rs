//! Recreate: the old version stops before the new one starts, for programs of
//! which two must never run. Requests wait at the proxy meanwhile.

use indexmap::IndexMap;

use crate::ids::ServiceName;

use super::blue_green::{finishes, migrations, replaced, smoke_tests};
use super::plan::{Kind, ServiceChange, Step};

pub(super) fn steps(services: &IndexMap<ServiceName, ServiceChange>, kind: Kind) -> Vec<Step> {
    let had_old = |name: &ServiceName| {
        matches!(services.get(name), Some(ServiceChange::Replace { old: Some(_), .. }))
    };
    let new: Vec<ServiceName> = replaced(services).map(|(name, _)| name.clone()).collect();
    let mut steps: Vec<Step> =
        new.iter().filter(|name| had_old(name)).cloned().map(Step::Stop).collect();
    steps.extend(migrations(services, kind));
    steps.extend(new.iter().cloned().map(Step::Start));
    steps.extend(smoke_tests(services));
    steps.extend(new.iter().cloned().map(Step::Shift));
    if !new.is_empty() && kind != Kind::Rollback {
        steps.push(Step::Watch);
    }
    steps.extend(finishes(services));
    steps
}
