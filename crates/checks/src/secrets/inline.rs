//! `shipway: allow RULE: REASON` beside a secret, in whatever comment the file's language has.

const MARK: &[u8] = b"shipway: allow ";
/// How comments end before their line does.
const ENDS: &[&str] = &["*/", "-->", "#}", "%>", "--}}", "*)", "|#"];

/// The reason why `rule` is allowed in one of the lines; only one with a reason counts.
pub(crate) fn allowance(lines: [&[u8]; 2], rule: &str) -> Option<String> {
    lines.into_iter().find_map(|line| {
        let at = memchr::memmem::find(line, MARK)?;
        let said = String::from_utf8_lossy(&line[at + MARK.len()..]);
        let (rules, reason) = said.split_once(':')?;
        // What stands behind the comment is no reason.
        let end = ENDS.iter().filter_map(|end| reason.find(end)).min();
        let reason = reason[..end.unwrap_or(reason.len())].trim();
        let names = rules.split(',').any(|name| name.trim() == rule);
        (names && !reason.is_empty()).then(|| reason.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(line: &str) -> Option<String> {
        allowance([line.as_bytes(), b""], "github-pat")
    }

    #[test]
    fn only_a_rule_with_a_reason_is_allowed() {
        let reason = Some("revoked in 2024".to_owned());
        assert_eq!(allowed("x # shipway: allow github-pat: revoked in 2024"), reason);
        assert_eq!(allowed("/* shipway: allow a, github-pat: revoked in 2024 */"), reason);
        assert_eq!(allowed("<!-- shipway: allow github-pat: revoked in 2024 --> x"), reason);
        for line in [
            "<!-- shipway: allow github-pat:--> ghp_1",
            "/* shipway: allow github-pat: */ x",
            "x # shipway: allow github-pat",
            "x # shipway: allow github-pat: ",
            "x # shipway: allow npm-token: revoked",
            "x # gitleaks:allow",
        ] {
            assert_eq!(allowed(line), None, "{line}");
        }
    }
}
