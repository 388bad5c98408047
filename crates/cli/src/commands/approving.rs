//! Asks whoever is at the terminal whether a plan may go on, once for each
//! question.

use std::io::{BufRead as _, IsTerminal as _};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use shipway_core::approval::{self, Given};
use shipway_core::command::Command;
use shipway_core::config::Approval;
use shipway_core::digest::Digest;
use shipway_core::environment::{self, Environment};
use shipway_core::ids::{EnvName, PlanId};
use shipway_core::journal::{Actor, StreamId};
use shipway_core::view::Live;

use crate::args::Ship;
use crate::carry::{Curtain, ask};
use crate::error::CliError;
use crate::print;
use crate::project::{Project, actor};

/// What was asked of whoever is here.
pub(super) struct Approving {
    yes: bool,
    terminal: bool,
    question: Option<Question>,
    lines: Option<Receiver<String>>,
    curtain: Curtain,
}

/// What waits for people.
struct Waiting<'a> {
    identity: Digest,
    rule: Option<&'a Approval>,
    /// Who asked for it.
    by: &'a Actor,
    given: &'a [Given],
    /// What it would do, for people, before the environment's name.
    what: String,
}

/// What of the plan waits in an environment: its release, or the job of it that
/// has waited longest.
fn waits<'a>(env: &'a Environment, plan: &PlanId) -> Option<(&'a EnvName, Waiting<'a>)> {
    let release = env.waiting.as_ref().filter(|w| w.candidate.plan.as_ref() == Some(plan));
    let release = release.map(|waiting| Waiting {
        identity: waiting.identity,
        rule: waiting.candidate.rules.approval.as_ref(),
        by: &waiting.candidate.by,
        given: &waiting.given,
        what: format!("Deploy {} to", waiting.candidate.commit.short()),
    });
    let job = || {
        let waiting = env.external.waiting.iter().find(|waiting| waiting.ask.plan == *plan)?;
        Some(Waiting {
            identity: waiting.identity,
            rule: waiting.ask.rules.approval.as_ref(),
            by: &waiting.ask.by,
            given: &waiting.given,
            what: format!("Let job {} deploy {} to", waiting.ask.job, waiting.ask.commit.short()),
        })
    };
    Some((&env.name, release.or_else(job)?))
}

/// The newest question.
struct Question {
    identity: Digest,
    answered: bool,
}

impl Approving {
    pub(super) fn new(args: &Ship, curtain: Curtain) -> Self {
        let terminal = std::io::stdin().is_terminal() && !args.json;
        Self { yes: args.yes, terminal, question: None, lines: None, curtain }
    }

    /// The environment in which the plan waits for somebody who is not here.
    pub(super) fn look(
        &mut self,
        project: &Project,
        live: &Live,
        id: &PlanId,
    ) -> Result<Option<EnvName>, CliError> {
        let Some((env, waiting)) = live.environments().find_map(|env| waits(env, id)) else {
            self.withdraw();
            return Ok(None);
        };
        let mine = waiting.rule.is_some_and(|rule| {
            approval::allows(rule, &actor(), waiting.by, waiting.given).is_ok()
        });
        match &self.question {
            Some(question) if question.identity == waiting.identity => {
                if question.answered {
                    // On its way; or more people have to agree.
                    return Ok((!mine).then(|| env.clone()));
                }
                self.hear(project, env, &waiting)
            }
            Some(_) | None => {
                self.withdraw();
                if !mine || !(self.yes || self.terminal) {
                    return Ok(Some(env.clone()));
                }
                if self.yes {
                    self.decide(project, env, &waiting, true)?;
                } else if self.curtain.shown() >= live.seq {
                    self.put(env, &waiting);
                }
                Ok(None)
            }
        }
    }

    /// Looks whether there is an answer to the question that stands.
    fn hear(
        &mut self,
        project: &Project,
        env: &EnvName,
        waiting: &Waiting<'_>,
    ) -> Result<Option<EnvName>, CliError> {
        match self.lines.as_ref().map(Receiver::try_recv) {
            Some(Ok(line)) => {
                self.curtain.open();
                let yes = matches!(line.trim(), "y" | "Y" | "yes" | "Yes");
                self.decide(project, env, waiting, yes)?;
                Ok(None)
            }
            Some(Err(TryRecvError::Empty)) => Ok(None),
            // The terminal is closed: the question stays for somebody else.
            Some(Err(TryRecvError::Disconnected)) | None => {
                self.withdraw();
                Ok(Some(env.clone()))
            }
        }
    }

    fn put(&mut self, env: &EnvName, waiting: &Waiting<'_>) {
        self.curtain.draw();
        let lines = self.lines.get_or_insert_with(typed);
        // What was typed before is no answer to this.
        while lines.try_recv().is_ok() {}
        print::question(format!("{} {env}? [y/N] ", waiting.what));
        self.question = Some(Question { identity: waiting.identity, answered: false });
    }

    /// Somebody else has answered, or it is not to be answered any more.
    fn withdraw(&mut self) {
        if self.question.take().is_some_and(|question| !question.answered) {
            print::aside("");
            self.curtain.open();
        }
    }

    fn decide(
        &mut self,
        project: &Project,
        env: &EnvName,
        waiting: &Waiting<'_>,
        yes: bool,
    ) -> Result<(), CliError> {
        let identity = waiting.identity;
        let command = if yes {
            environment::Command::Approve { identity }
        } else {
            environment::Command::Reject { identity, reason: String::new() }
        };
        ask(project, StreamId::Env(env.clone()), Command::Env(command))?;
        self.question = Some(Question { identity, answered: true });
        Ok(())
    }
}

/// The lines that are typed from now on.
fn typed() -> Receiver<String> {
    let (tell, lines) = channel();
    // A thread of its own: reading a terminal cannot be called off.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
