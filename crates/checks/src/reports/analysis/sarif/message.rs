//! What a message says: its own text, or a string of the rule or the tool with arguments filled in
//! (3.11), for reading in a line.

use super::log::{Component, Descriptor, Message};

/// The longest message that is kept, in characters.
const LONGEST: usize = 400;

/// The text of a message; empty if it has none.
pub(super) fn text(message: &Message, rule: Option<&Descriptor>, tool: &Component) -> String {
    let named = message.id.as_deref().and_then(|id| {
        let of_rule = rule.and_then(|rule| rule.message_strings.as_ref()?.get(id));
        of_rule.or_else(|| tool.global_message_strings.as_ref()?.get(id))?.text.as_deref()
    });
    let text =
        message.text.as_deref().or(named).or(message.markdown.as_deref()).unwrap_or_default();
    line(&filled(text, message.arguments.as_deref().unwrap_or_default()))
}

/// One line of it: links without their targets, white space as one space, not too long.
pub(super) fn line(text: &str) -> String {
    let words = text.split_whitespace();
    let mut line = String::new();
    for word in words {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > LONGEST * 4 {
            break;
        }
    }
    let line = without_links(&line);
    let line = line.strip_suffix('.').unwrap_or(&line);
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    }
}

/// Arguments for `{0}`, braces for double braces (3.11.5).
fn filled(text: &str, arguments: &[String]) -> String {
    if arguments.is_empty() {
        return text.to_owned();
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        filled.push_str(before);
        let argument = from.strip_prefix('{').and_then(|of| of.split_once('}'));
        let argument = argument.and_then(|(number, after)| {
            Some((arguments.get(number.parse::<usize>().ok()?)?, after))
        });
        rest = if let Some((argument, after)) = argument {
            filled.push_str(argument);
            after
        } else {
            let brace = from.get(..1).unwrap_or_default();
            filled.push_str(brace);
            let after = from.get(1..).unwrap_or_default();
            after.strip_prefix(brace).unwrap_or(after)
        };
        if filled.len() > LONGEST * 16 {
            return filled;
        }
    }
    filled.push_str(rest);
    filled
}

/// `[text](1)` links to a related location (3.11.6): its text stays.
fn without_links(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('[') {
        plain.push_str(before);
        let link = from.split_once("](").and_then(|(label, target)| {
            let (target, after) = target.split_once(')')?;
            let is_number = !target.is_empty() && target.bytes().all(|byte| byte.is_ascii_digit());
            (is_number && !label.contains('[')).then_some((label, after))
        });
        rest = if let Some((label, after)) = link {
            plain.push_str(label);
            after
        } else {
            plain.push('[');
            from
        };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_stand_for_their_numbers() {
        let arguments = ["x".to_owned(), "y".to_owned()];
        for (text, said) in
            [("{1} of {0}", "y of x"), ("{{0}} {2} {", "{0} {2} {"), ("}} {a} }", "} {a} }")]
        {
            assert_eq!(filled(text, &arguments), said, "{text}");
        }
        assert_eq!(filled("{0}", &[]), "{0}");
    }

    #[test]
    fn a_message_is_a_line_without_links() {
        for (text, said) in [
            ("This depends on [a value](1).\n  Really.", "This depends on a value. Really"),
            ("a[0] and [x](https://example.org)", "a[0] and [x](https://example.org)"),
            ("[[a](2)](3) [", "[a](3) ["),
        ] {
            assert_eq!(line(text), said, "{text}");
        }
        assert_eq!(line(&"é ".repeat(1000)).chars().count(), LONGEST + 1);
    }
}
