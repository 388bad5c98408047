//! `Link`: where an answer goes on (RFC 8288, section 3).

/// The address that has the relation `next`.
pub(crate) fn next(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        let (_, link) = rest.split_once('<')?;
        let (address, parameters) = link.split_once('>')?;
        // What separates it from the next link; no parameter of GitHub's has an angle bracket.
        let end = parameters.find('<').unwrap_or(parameters.len());
        let (own, after) = parameters.split_at(end);
        if own.split([';', ',']).any(is_next) {
            return Some(address);
        }
        rest = after;
    }
}

fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut relations = value.trim().trim_matches('"').split_whitespace();
    name.trim().eq_ignore_ascii_case("rel")
        && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_wherever_it_stands() {
        let github = r#"<https://a/?page=1>; rel="prev", <https://a/?page=3>; rel="next", <https://a/?page=9>; rel="last""#;
        assert_eq!(next(github), Some("https://a/?page=3"));
        assert_eq!(next("<https://a/2>;rel=next"), Some("https://a/2"));
        assert_eq!(next(r#"<https://a/2>; title="x"; rel="last next""#), Some("https://a/2"));
        for none in
            ["", r#"<https://a/9>; rel="last""#, "<https://a/2", "rel=next", "<a>; nextrel=next"]
        {
            assert_eq!(next(none), None, "{none}");
        }
    }
}
