//! Commands that others wrote, as one that can take the shell's place.

/// `command` itself, or a shell that runs it where it is more than one, or
/// begins with variables.
pub(super) fn single(command: &str) -> String {
    let several = ["&&", "||", ";", "|", "&"].iter().any(|sign| command.contains(sign));
    let variables = command.split_whitespace().next().is_some_and(|word| word.contains('='));
    let begins = command.starts_with("cd ");
    if several || variables || begins {
        format!("sh -c {}", quoted(command))
    } else {
        command.to_owned()
    }
}

/// `text` as one word of a shell command.
pub(super) fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}
