//! What was found, as files.

mod config;
mod workflow;

pub(super) use config::config;
pub(super) use workflow::workflow;

/// `text` in comments of at most 80 columns, indented.
fn comment(indent: &str, text: &str) -> String {
    let width = 78 - indent.len();
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].len() + 1 + word.len() > width {
            lines.push(word.to_owned());
        } else {
            let space = if lines[last].is_empty() { "" } else { " " };
            lines[last].push_str(&format!("{space}{word}"));
        }
    }
    lines.iter().map(|line| format!("{indent}# {line}\n")).collect()
}
