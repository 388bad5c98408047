//! Markdown as one HTML file. What steps wrote is nobody's to trust: of raw
//! HTML only what GitHub's summaries are made of is kept, without attributes,
//! and links lead to the web or to the page itself.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, html};

const STYLE: &str = "\
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}
td,th{border:1px solid #8884;padding:.25rem .6rem;text-align:left;vertical-align:top}
code,pre{font-family:ui-monospace,monospace;font-size:.9em;background:#8882;border-radius:4px}
code{padding:.1em .3em}pre{padding:.6rem;overflow:auto}pre code{background:none;padding:0}
h1,h2{border-bottom:1px solid #8884;padding-bottom:.2rem}";

/// Raw HTML that is kept.
const TAGS: &[&str] = &[
    "b",
    "blockquote",
    "br",
    "code",
    "dd",
    "del",
    "details",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "small",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
];

/// A page with this title.
pub(super) fn document(title: &str, markdown: &str) -> String {
    let mut body = String::new();
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    html::push_html(&mut body, Parser::new_ext(markdown, options).map(safe));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n\
         <style>{STYLE}</style>\n{body}</html>\n",
        escape(title)
    )
}

fn safe(event: Event<'_>) -> Event<'_> {
    match event {
        Event::Html(text) => Event::Html(clean(&text).into()),
        Event::InlineHtml(text) => Event::InlineHtml(clean(&text).into()),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Link { link_type, dest_url: web(dest_url), title, id })
        }
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            Event::Start(Tag::Image { link_type, dest_url: web(dest_url), title, id })
        }
        other => other,
    }
}

/// An address that runs nothing.
fn web(address: CowStr<'_>) -> CowStr<'_> {
    let known = ["https://", "http://", "mailto:", "#"];
    let lower = address.trim_start().to_ascii_lowercase();
    if known.iter().any(|begin| lower.starts_with(begin)) { address } else { "#".into() }
}

/// Tags that are known, bare; everything else as text, comments not at all.
fn clean(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&escape(&rest[..at]));
        rest = &rest[at..];
        if let Some(comment) = rest.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        match tag(rest) {
            Some((tag, after)) => {
                out.push_str(&tag);
                rest = after;
            }
            None => {
                out.push_str("&lt;");
                rest = &rest[1..];
            }
        }
    }
    out.push_str(&escape(rest));
    out
}

/// The known tag that `text` begins with, and what follows.
fn tag(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('<')?;
    let (slash, inner) = inner.strip_prefix('/').map_or(("", inner), |inner| ("/", inner));
    let end = inner.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(inner.len());
    let (name, attributes) = inner.split_at(end);
    let name = TAGS.iter().find(|known| known.eq_ignore_ascii_case(name))?;
    let end = end_of_tag(attributes)?;
    let open = if *name == "details" && attributes[..end].trim() == "open" { " open" } else { "" };
    Some((format!("<{slash}{name}{open}>"), &attributes[end + 1..]))
}

/// Where the `>` is that ends a tag: not one in an attribute's quotes.
fn end_of_tag(attributes: &str) -> Option<usize> {
    let mut quote = None;
    attributes.char_indices().find_map(|(at, c)| {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
        None
    })
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steps_write_runs_in_the_page() {
        let page = document(
            "<T>",
            "<script>alert(1)</script>\n\n<b onclick=\"x('>')\">bold</b> <img src=x onerror=y>\n\n\
             [a](javascript:alert(1)) [b](https://example.org)\n\n<!-- secret -->\n",
        );
        assert!(!page.contains("<script") && !page.contains("onclick") && !page.contains("<img"));
        assert!(!page.contains("javascript:") && !page.contains("secret"));
        assert!(page.contains("<b>bold</b>") && page.contains("href=\"https://example.org\""));
        assert!(page.contains("<title>&lt;T&gt;</title>"));
    }

    #[test]
    fn what_summaries_are_made_of_stays() {
        let page = document(
            "T",
            "# H\n\n| a |\n|---|\n| 1 |\n\n<details open><summary>S</summary>\n\n- [x] done\n\n</details>\n",
        );
        for part in ["<h1>H</h1>", "<td>1</td>", "<details open><summary>S</summary>", "checked"] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
