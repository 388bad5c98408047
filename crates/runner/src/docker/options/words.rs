//! A command line in words, as .NET splits the arguments of a process: that is
//! what reads `options` on GitHub. Only double quotes group; a backslash means
//! something before one only.
//!
//! Source: .NET, `ProcessStartInfo.Arguments` and "Parsing C command-line
//! arguments".

use super::OptionError;

/// A word, quotes removed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    /// How many bytes stand before it.
    pub(super) at: usize,
    /// What it says.
    pub(super) text: String,
}

pub(super) fn split(text: &str) -> Result<Vec<Word>, OptionError> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<usize> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c.is_whitespace() && quote.is_none() {
            words.extend(word.take());
            continue;
        }
        let word = word.get_or_insert_with(|| Word { at, text: String::new() });
        match c {
            '\\' => {
                let mut backslashes = 1;
                while chars.next_if(|(_, c)| *c == '\\').is_some() {
                    backslashes += 1;
                }
                let before_quote = chars.peek().is_some_and(|(_, c)| *c == '"');
                let kept = if before_quote { backslashes / 2 } else { backslashes };
                word.text.extend(std::iter::repeat_n('\\', kept));
                if before_quote && backslashes % 2 == 1 {
                    word.text.push('"');
                    chars.next();
                }
            }
            '"' if quote.is_some() && chars.next_if(|(_, c)| *c == '"').is_some() => {
                word.text.push('"');
            }
            '"' if quote.is_some() => quote = None,
            '"' => quote = Some(at),
            c => word.text.push(c),
        }
    }
    if let Some(at) = quote {
        return Err(OptionError { at, message: "a double quote is not closed".to_owned() });
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_double_quotes_group() {
        let texts = |text: &str| -> Vec<String> {
            split(text).unwrap().into_iter().map(|word| word.text).collect()
        };
        assert_eq!(texts(" a  \"b c\"d\n'e f' "), ["a", "b cd", "'e", "f'"]);
        assert_eq!(
            texts(r#""say \"hi\"" a\b c\\ "d\\" "" "a""b""#),
            [r#"say "hi""#, r"a\b", r"c\\", r"d\", "", r#"a"b"#]
        );
        assert_eq!(split("ab \"cd\"").unwrap()[1].at, 3);
    }
}
