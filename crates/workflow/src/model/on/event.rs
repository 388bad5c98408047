//! The events that GitHub has.
//!
//! Source: "Events that trigger workflows" and the schema of GitHub's workflow parser.

use std::fmt;

macro_rules! events {
    ($($variant:ident $name:literal [$($filter:literal)*] [$($kind:literal)*])*) => {
        /// An event that can start a workflow.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        pub enum Event {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Event {
            /// Every event.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name in a workflow file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The keys that it takes in a workflow file, beside `types`.
            #[must_use]
            pub const fn filters(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($filter,)*],)*
                }
            }

            /// Its activity types; `repository_dispatch` takes any.
            #[must_use]
            pub const fn types(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($kind,)*],)*
                }
            }
        }
    };
}

events! {
    BranchProtectionRule "branch_protection_rule" [] ["created" "edited" "deleted"]
    CheckRun "check_run" [] ["completed" "created" "rerequested" "requested_action"]
    CheckSuite "check_suite" [] ["completed"]
    Create "create" [] []
    Delete "delete" [] []
    Deployment "deployment" [] []
    DeploymentStatus "deployment_status" [] []
    Discussion "discussion" [] [
        "created" "edited" "deleted" "transferred" "pinned" "unpinned" "labeled" "unlabeled"
        "locked" "unlocked" "category_changed" "answered" "unanswered"
    ]
    DiscussionComment "discussion_comment" [] ["created" "edited" "deleted"]
    Fork "fork" [] []
    Gollum "gollum" [] []
    ImageVersion "image_version" ["names" "versions"] ["created" "ready" "deleted"]
    IssueComment "issue_comment" [] ["created" "edited" "deleted"]
    Issues "issues" [] [
        "opened" "edited" "deleted" "transferred" "pinned" "unpinned" "closed" "reopened"
        "assigned" "unassigned" "labeled" "unlabeled" "locked" "unlocked" "milestoned"
        "demilestoned" "field_added" "field_removed" "typed" "untyped"
    ]
    Label "label" [] ["created" "edited" "deleted"]
    MergeGroup "merge_group" ["branches" "branches-ignore"] ["checks_requested"]
    Milestone "milestone" [] ["created" "closed" "opened" "edited" "deleted"]
    PageBuild "page_build" [] []
    Project "project" [] ["created" "closed" "reopened" "edited" "deleted"]
    ProjectCard "project_card" [] ["created" "moved" "converted" "edited" "deleted"]
    ProjectColumn "project_column" [] ["created" "updated" "moved" "deleted"]
    Public "public" [] []
    PullRequest "pull_request" ["branches" "branches-ignore" "paths" "paths-ignore"] [
        "assigned" "unassigned" "labeled" "unlabeled" "opened" "edited" "closed" "reopened"
        "synchronize" "converted_to_draft" "locked" "unlocked" "enqueued" "dequeued" "milestoned"
        "demilestoned" "ready_for_review" "review_requested" "review_request_removed"
        "auto_merge_enabled" "auto_merge_disabled" "stacked"
    ]
    PullRequestComment "pull_request_comment" [] ["created" "edited" "deleted"]
    PullRequestReview "pull_request_review" [] ["submitted" "edited" "dismissed"]
    PullRequestReviewComment "pull_request_review_comment" [] ["created" "edited" "deleted"]
    PullRequestTarget "pull_request_target" [
        "branches" "branches-ignore" "paths" "paths-ignore"
    ] [
        "assigned" "unassigned" "labeled" "unlabeled" "opened" "edited" "closed" "reopened"
        "synchronize" "converted_to_draft" "locked" "unlocked" "enqueued" "dequeued" "milestoned"
        "demilestoned" "ready_for_review" "review_requested" "review_request_removed"
        "auto_merge_enabled" "auto_merge_disabled" "stacked"
    ]
    Push "push" [
        "branches" "branches-ignore" "tags" "tags-ignore" "paths" "paths-ignore"
    ] []
    RegistryPackage "registry_package" [] ["published" "updated"]
    Release "release" [] [
        "published" "unpublished" "created" "edited" "deleted" "prereleased" "released"
    ]
    RepositoryDispatch "repository_dispatch" [] []
    Schedule "schedule" [] []
    Status "status" [] []
    Watch "watch" [] ["started"]
    WorkflowCall "workflow_call" ["inputs" "secrets" "outputs"] []
    WorkflowDispatch "workflow_dispatch" ["inputs"] []
    WorkflowRun "workflow_run" ["workflows" "branches" "branches-ignore"] [
        "requested" "completed" "in_progress"
    ]
}

impl Event {
    /// The event of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.name() == name)
    }

    /// Whether it takes `types`.
    #[must_use]
    pub fn has_types(self) -> bool {
        self == Self::RepositoryDispatch || !self.types().is_empty()
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
