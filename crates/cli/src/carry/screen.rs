//! Who has the terminal: progress, the answer, or a question.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use shipway_core::journal::Seq;

use crate::print;

/// Between two pictures of the spinner.
const TICK: Duration = Duration::from_millis(100);

/// What is being done, below the lines.
pub(super) fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    // The template is ours and right; without it the bar is plain.
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(TICK);
    bar
}

/// Several lines, each with a spinner of its own, that fit on the terminal.
pub(super) fn picture(bar: &ProgressBar, lines: &[String]) {
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    let (rows, columns) = console::Term::stderr().size();
    let (rows, columns) = (usize::from(rows).saturating_sub(2), usize::from(columns));
    let left_out = lines.len().saturating_sub(rows.max(1));
    let mut shown: Vec<String> = lines[..lines.len() - left_out]
        .iter()
        .map(|line| console::truncate_str(line, columns.saturating_sub(1), "…").into_owned())
        .collect();
    if left_out > 0 {
        shown.push(format!("… {left_out} more"));
    }
    let text = shown.join("\n");
    let colours = anstream::AutoStream::choice(&std::io::stderr());
    bar.set_message(if colours == anstream::ColorChoice::Never {
        anstream::adapter::strip_str(&text).to_string()
    } else {
        text
    });
}

/// The picture of a spinner at this time.
pub(super) fn turn(since: Duration) -> char {
    const TURN: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
    let ticks = since.as_millis() / TICK.as_millis();
    TURN.get(usize::try_from(ticks % 10).unwrap_or(0)).copied().unwrap_or('⠋')
}

/// Writes the answer; on a terminal, what is being done makes way for it.
pub(crate) struct Output(Curtain);

impl Output {
    pub(super) const fn new(curtain: Curtain) -> Self {
        Self(curtain)
    }

    pub(crate) fn lines(&self, text: &str) {
        let stage = &self.0.0;
        let mut waiting = stage.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.0.is_drawn() {
            return waiting.push_str(text);
        }
        match &stage.spinner {
            Some(bar) => bar.suspend(|| print::lines(text)),
            None => print::lines(text),
        }
    }
}

/// Keeps progress and output back while the terminal is for something else: a
/// question, or a shell.
#[derive(Clone)]
pub(crate) struct Curtain(Arc<Stage>);

/// What everybody shares who writes to the terminal.
struct Stage {
    spinner: Option<ProgressBar>,
    drawn: AtomicBool,
    shown: AtomicU64,
    waiting: Mutex<String>,
}

impl Curtain {
    pub(super) fn new(spinner: Option<ProgressBar>) -> Self {
        let (drawn, shown) = (AtomicBool::new(false), AtomicU64::new(0));
        Self(Arc::new(Stage { spinner, drawn, shown, waiting: Mutex::default() }))
    }

    pub(super) fn has_shown(&self, seq: Seq) {
        self.0.shown.store(seq.0, Ordering::SeqCst);
    }

    /// How far the journal was shown: what comes before a question is to be
    /// read before it.
    pub(crate) fn shown(&self) -> Seq {
        Seq(self.0.shown.load(Ordering::SeqCst))
    }

    /// The terminal is for something else.
    pub(crate) fn draw(&self) {
        self.0.drawn.store(true, Ordering::SeqCst);
        if let Some(bar) = &self.0.spinner {
            bar.disable_steady_tick();
            bar.finish_and_clear();
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// That is over, or nobody's any more.
    pub(crate) fn open(&self) {
        let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.0.drawn.swap(false, Ordering::SeqCst) {
            return;
        }
        print::lines(&std::mem::take(&mut *waiting));
        if let Some(bar) = &self.0.spinner {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.reset();
            bar.enable_steady_tick(TICK);
        }
    }

    pub(super) fn is_drawn(&self) -> bool {
        self.0.drawn.load(Ordering::SeqCst)
    }
}
