//! Every kind of secret, found and not found.

use std::io::Write as _;

use shipway_checks::secrets::{Baseline, Kind, Pattern, Rules, example, kinds};
use shipway_checks::{Finding, Kind as FindingKind};

fn scan(file: &str, content: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    Rules::built_in().scan_deep(file, content, &mut findings);
    findings
}

fn ids(rules: &Rules, text: &str) -> Vec<String> {
    let mut findings: Vec<Finding> = Vec::new();
    rules.scan("app.conf", text.as_bytes(), &mut findings);
    findings.iter().map(|finding| finding.rule.to_string()).collect()
}

fn kind(id: &str) -> &'static Kind {
    kinds().find(|kind| kind.id == id).unwrap()
}

#[test]
fn there_are_at_least_150_kinds_and_each_has_a_name_of_its_own() {
    let mut ids: Vec<&str> = kinds().map(|kind| kind.id).collect();
    assert!(ids.len() >= 150, "{}", ids.len());
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}

#[test]
fn every_kind_is_found() {
    let rules = Rules::built_in();
    let mut missed = Vec::new();
    for kind in kinds() {
        for seed in 0..20 {
            let text = format!("# settings\n  {}\nnext = 1\n", example::planted(kind, seed));
            let found = ids(&rules, &text);
            if found != [kind.id] {
                missed.push(format!("{} (seed {seed}): found {found:?} in {text}", kind.id));
                break;
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_placeholder_of_no_kind_is_found() {
    let rules = Rules::built_in();
    let mut found = Vec::new();
    for kind in kinds() {
        let text = example::placeholder(kind);
        found.extend(ids(&rules, &text).into_iter().map(|id| format!("{id}: {text}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_is_a_part_of_something_longer_is_no_token() {
    let rules = Rules::built_in();
    let mut found = Vec::new();
    for kind in kinds().filter(|kind| matches!(kind.pattern, Pattern::Token(_))) {
        let secret = example::value(kind, 7);
        let inside = format!("q{secret}");
        let first = ids(&rules, &inside);
        found.extend(first.iter().filter(|id| *id == kind.id).map(|id| format!("{id}: {inside}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_quarter_of_a_token_is_none() {
    let rules = Rules::built_in();
    let mut found = Vec::new();
    for kind in kinds().filter(|kind| matches!(kind.pattern, Pattern::Token(_))) {
        let secret = example::value(kind, 3);
        let part = &secret[..secret.len() / 4];
        let ids = ids(&rules, part);
        found.extend(ids.iter().filter(|id| *id == kind.id).map(|id| format!("{id}: {part}")));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_finding_says_where_and_what_to_do_and_never_the_secret() {
    let secret = example::value(kind("github-pat"), 1);
    let text = format!("first\n  token: {secret} # ours\n");
    let findings = scan("app.yml", text.as_bytes());
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.span.start.line, finding.span.start.column), (2, 10));
    assert_eq!((finding.span.end.line, finding.span.end.column), (2, 50));
    let shown = format!("ghp_…{} (40 characters)", &secret[38..]);
    assert_eq!(finding.message, format!("this looks like a GitHub personal access token: {shown}"));
    assert_eq!(finding.excerpt, format!("token: {shown} # ours"));
    assert!(finding.help.as_ref().unwrap().starts_with("revoke it"));
    assert!(!format!("{finding:?}").contains(&secret[6..30]));
}

#[test]
fn an_allowance_counts_with_its_reason_and_is_shown() {
    let secret = example::value(kind("npm-token"), 1);
    let text = format!("a = \"{secret}\" # shipway: allow npm-token: revoked on 1 May\n");
    let findings = scan("a.toml", text.as_bytes());
    let allowed = findings[0].allowed.as_ref().unwrap();
    assert_eq!((allowed.reason.as_str(), allowed.by.as_str()), ("revoked on 1 May", "a.toml:1"));
    let text = format!("a = \"{secret}\" # shipway: allow npm-token\n");
    assert_eq!(scan("a.toml", text.as_bytes())[0].allowed, None);
}

#[test]
fn a_reason_shows_no_secret() {
    let secret = example::value(kind("github-pat"), 3);
    let text = format!("x = 'shipway: allow github-pat: revoked, it was {secret}'\n");
    let findings = scan("a.conf", text.as_bytes());
    let reason = &findings[0].allowed.as_ref().unwrap().reason;
    assert!(reason.starts_with("revoked, it was ") && !reason.contains(&secret[8..20]), "{reason}");
}

#[test]
fn a_baseline_knows_a_secret_wherever_it_stands_in_its_file() {
    let secret = example::value(kind("npm-token"), 1);
    let first = scan("a.toml", format!("a = \"{secret}\"").as_bytes()).remove(0);
    let known = format!("{}rotated\n", Baseline::line(&first));
    let known = Baseline::read(".shipway/secrets", &known).unwrap();
    let mut moved = scan("a.toml", format!("\n\n\nb = \"{secret}\"").as_bytes()).remove(0);
    known.apply(&mut moved);
    assert_eq!(moved.allowed.unwrap().reason, "rotated");
    let mut copied = scan("b.toml", format!("a = \"{secret}\"").as_bytes()).remove(0);
    known.apply(&mut copied);
    assert_eq!(copied.allowed, None);
}

#[test]
fn archives_are_opened() {
    let secret = example::planted(kind("aws-access-key-id"), 5);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("conf/app.ini", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(secret.as_bytes()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(zip.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "app.jar", &zip[..]).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&tar).unwrap();
    let findings = scan("dist/app.tgz", &gzip.finish().unwrap());
    let deep = findings.iter().map(|f| (f.rule.as_str(), f.file.as_str())).collect::<Vec<_>>();
    // gzip, tar and zip are three: the file in the zip is still looked at.
    assert_eq!(deep, [("aws-access-key-id", "dist/app.tgz!/app.tar!/app.jar!/conf/app.ini")]);
}

fn where_found(file: &str, content: &[u8]) -> Vec<String> {
    scan(file, content).into_iter().map(|of| format!("{} {}", of.rule, of.file)).collect()
}

#[test]
fn a_zip_is_one_whatever_stands_before_it() {
    let secret = example::planted(kind("aws-access-key-id"), 5);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("app.ini", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(&[secret.as_bytes(), &[b' '; 300]].concat()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let program = format!("#!/bin/sh\n# {}\n", example::planted(kind("npm-token"), 5));
    let whole = [program.as_bytes(), &zip].concat();
    let both = ["npm-token a.run", "aws-access-key-id a.run!/app.ini"];
    let mut found = where_found("a.run", &whole);
    found.sort_unstable_by_key(String::len);
    assert_eq!(found, both);
    // Directories whose places were not amended are as usual as those that were.
    let mark_alone = [&b"\x7fELF PK\x05\x06"[..], &[7; 40]].concat();
    assert_eq!(where_found("a.out", &mark_alone), [""; 0]);
}

/// A directory that names the last file alone, as nobody but a reader from the beginning would see.
#[test]
fn files_that_a_zip_does_not_list_are_searched() {
    let secret = example::planted(kind("aws-access-key-id"), 5);
    let files = |names: &[&str]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for name in names {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(&[secret.as_bytes(), &[b' '; 300]].concat()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let hidden = |of: Vec<u8>| {
        let directory = of.windows(4).position(|mark| mark == b"PK\x01\x02").unwrap();
        of[..directory].to_vec()
    };
    let mut found = where_found("a.zip", &[hidden(files(&["old"])), files(&["new"])].concat());
    found.sort_unstable();
    assert_eq!(
        found,
        ["aws-access-key-id a.zip!/new", "aws-access-key-id a.zip!/old (not in its directory)"]
    );
    let all = where_found("a.zip", &files(&["one", "two"]));
    assert_eq!(all, ["aws-access-key-id a.zip!/one", "aws-access-key-id a.zip!/two"]);
}

/// As `openssl pkcs12 -export`, Windows and `keytool` begin them.
#[test]
fn a_key_store_is_not_passed_over() {
    let data = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01";
    for head in [
        &b"0\x82\x0a\x30\x02\x01\x03\x30\x82\x09\xe6"[..],
        b"0\x80\x02\x01\x030\x80",
        b"0\x84\0\0\x0a\x30\x02\x01\x030\x84\0\0\x09\xe6",
    ] {
        let findings = scan("a.p12", &[head, data, &[7; 300]].concat());
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("a key store (PKCS #12) is not unpacked"));
        assert_eq!(findings[0].kind, FindingKind::Undecided);
    }
    let java = scan("a.jks", b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01");
    assert!(java[0].message.contains("a key store of Java"), "{java:?}");
    let certificate = [&b"0\x82\x03\x300\x82\x02\x18\xa0\x03\x02\x01\x02"[..], &[7; 300]];
    assert_eq!(scan("a.der", &certificate.concat()), []);
}

#[test]
fn what_an_archive_says_beside_its_files_is_searched() {
    let value = |seed| example::value(kind("github-pat"), seed);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(value(1), zip::write::SimpleFileOptions::default()).unwrap();
    zip.set_comment(value(2)).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    assert_eq!(where_found("a.zip", &zip), ["github-pat a.zip!/names and comments"; 2]);
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(0);
    tar.append_data(&mut header, format!("{}/{}", "x".repeat(120), value(3)), &b""[..]).unwrap();
    let mut tar = tar.into_inner().unwrap();
    tar.extend_from_slice(&zip);
    let in_tar = where_found("a.tar", &tar);
    assert_eq!(in_tar[0], "github-pat a.tar!/names and comments");
    assert_eq!(in_tar[1..], ["github-pat a.tar!/behind its end!/names and comments"; 2]);
    let gzip = flate2::GzBuilder::new().filename(value(4)).comment(value(5));
    let mut gzip = gzip.write(Vec::new(), flate2::Compression::fast());
    gzip.write_all(b"x").unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(where_found("a.gz", &gzip), ["github-pat a.gz!/names and comments"; 2]);
    let named = format!("keys/{}.txt", value(6));
    assert_eq!(where_found(&named, b""), [format!("github-pat {named}")]);
}

#[test]
fn a_damaged_archive_is_not_passed_over() {
    let findings = scan("a.bin", b"PK\x03\x04 and no more");
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].kind, FindingKind::Undecided);
}

#[test]
fn text_in_two_bytes_a_character_is_read() {
    let text = example::planted(kind("slack-bot-token"), 2);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let findings = scan("a.txt", &[&[0xff, 0xfe][..], &wide].concat());
    assert_eq!(findings[0].rule, "slack-bot-token");
    // Without its mark.
    let findings = scan("a.txt", &wide);
    assert_eq!(findings[0].rule, "slack-bot-token");
    let mixed = [&b"A\0".repeat(1024)[..], b"\n", text.as_bytes()].concat();
    assert_eq!(scan("a.txt", &mixed)[0].rule, "slack-bot-token");
    let other: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_eq!(scan("a.txt", &other)[0].rule, "slack-bot-token");
}

#[test]
fn a_zero_in_a_file_hides_nothing_that_stands_in_plain_text() {
    let text = "# settings\0\nprivate_key = \"q8Zr2LmN0pVt5WxY7cUeK3\"\n";
    assert_eq!(scan(".env", text.as_bytes())[0].rule, "generic-secret");
    let chance = "\u{1}\u{2}private_key\u{20}= q8Zr2LmN0pVt5WxY7cUeK3\u{3}\0";
    assert_eq!(scan("a.out", chance.as_bytes()), []);
    let rules = "[[rules]]\nid = 'own'\nregex = 'shop=([a-z0-9]{12})'\n";
    let (rules, mut findings) = (Rules::read("r.toml", rules).unwrap(), Vec::new());
    rules.scan("a", b"\0\nshop=a1b2c3d4e5f6\n", &mut findings);
    assert_eq!(findings.len(), 1);
}

#[test]
fn a_private_key_is_found_however_it_is_written() {
    let key = example::planted(kind("private-key"), 5);
    let lines: Vec<&str> = key.lines().collect();
    let (first, body) = (lines[0], lines[1..].concat());
    let short = |length| -> String {
        body.as_bytes().chunks(length).map(|line| String::from_utf8_lossy(line) + "\n").collect()
    };
    for text in [
        format!("{first}\n{}", short(12)),
        format!("<p>{first}</p>\n<p>{}</p>\n", short(20).trim().replace('\n', "</p>\n<p>")),
        format!("{first} \\\n{}", short(40).replace('\n', " \\\n")),
    ] {
        assert_eq!(ids(&Rules::built_in(), &text), ["private-key"], "{text}");
    }
    // `-----BEGIN PRIVATE KEY-----` in base64.
    let wide = format!("tls.key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0t{body}\n");
    assert_eq!(ids(&Rules::built_in(), &wide), ["private-key"], "{wide}");
}

/// What each form tells is found in base64 too, as Kubernetes, npm and headers have it, alone and
/// among other settings.
#[test]
fn a_token_in_base64_is_found() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let rules = Rules::built_in();
    let mut missed = Vec::new();
    for kind in kinds().filter(|kind| matches!(kind.pattern, Pattern::Token(_))) {
        let secret = example::value(kind, 7);
        if secret.len() < 18 {
            continue;
        }
        for (before, of) in [
            ("apiVersion: v1\nkind: Secret\ndata:\n  it: ", secret.clone()),
            ("proxy header = Basic ", format!("shop:{secret}")),
            ("{\"auths\": {\"r.example\": {\"x\": \"", format!("# it\nHOST=a\nIT={secret}\n")),
        ] {
            let text = format!("{before}{}\n", BASE64_STANDARD.encode(of));
            let found = ids(&rules, &text);
            if found != [kind.id] {
                missed.push(format!("{}: found {found:?} in {text}", kind.id));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn a_finding_in_base64_stands_where_the_text_stands_and_shows_none_of_it() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let (one, other) =
        (example::value(kind("github-pat"), 3), example::value(kind("slack-bot-token"), 4));
    let word = BASE64_STANDARD.encode(format!("A={one}\nB={other}\n"));
    let findings = scan("secret.yaml", format!("data:\n  env: {word}\n").as_bytes());
    let rules: Vec<&str> = findings.iter().map(|found| found.rule.as_str()).collect();
    assert_eq!(rules, ["github-pat", "slack-bot-token"]);
    for found in findings {
        assert_eq!((found.span.start.line, found.span.start.column), (2, 8));
        assert_eq!(found.span.end.column, 8 + word.len());
        assert!(found.message.contains(" in base64: "), "{}", found.message);
        for part in [&word[8..16], &one[..8], &other[..8]] {
            assert!(!found.excerpt.contains(part), "{}", found.excerpt);
        }
    }
}

#[test]
fn two_secrets_in_a_line_show_neither() {
    let (one, other) =
        (example::value(kind("github-pat"), 3), example::value(kind("slack-bot-token"), 4));
    let findings = scan("a.conf", format!("a={one} b={other} c={one}\n").as_bytes());
    assert_eq!(findings.len(), 3);
    for found in findings {
        for part in [&one[8..20], &other[8..20]] {
            assert!(!found.excerpt.contains(part), "{}", found.excerpt);
        }
    }
}

#[test]
fn an_entry_of_an_unknown_type_is_a_file() {
    let secret = example::planted(kind("aws-access-key-id"), 5);
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(secret.len() as u64);
    header.set_entry_type(tar::EntryType::new(b'7'));
    tar.append_data(&mut header, "a.conf", secret.as_bytes()).unwrap();
    let findings = scan("a.tar", &tar.into_inner().unwrap());
    assert_eq!(findings[0].rule, "aws-access-key-id");
}

#[test]
fn rules_in_gitleaks_format_are_read() {
    let rules = Rules::read(
        ".gitleaks.toml",
        r#"
title = "ours"
[extend]
useDefault = true
disabledRules = ["npm-token"]
[[rules]]
id = "shop-key"
description = "a key of the shop"
regex = '''(?i)shop_(key)=([a-z0-9]{12})'''
secretGroup = 2
entropy = 2.0
keywords = ["shop_key"]
[[rules.allowlists]]
regexTarget = "line"
regexes = ['''in a test''']
[[allowlists]]
paths = ['''^docs/''']
"#,
    )
    .unwrap();
    assert_eq!(ids(&rules, "SHOP_KEY=a1b2c3d4e5f6"), ["shop-key"]);
    assert!(ids(&rules, "SHOP_KEY=a1b2c3d4e5f6 in a test").is_empty());
    assert!(ids(&rules, "SHOP_KEY=aaaaaaaaaaaa").is_empty());
    assert!(ids(&rules, &example::planted(kind("npm-token"), 1)).is_empty());
    assert_eq!(ids(&rules, &example::planted(kind("pypi-token"), 1)), ["pypi-token"]);
    let mut findings: Vec<Finding> = Vec::new();
    rules.scan("docs/a.md", b"SHOP_KEY=a1b2c3d4e5f6", &mut findings);
    assert!(findings.is_empty());
}

#[test]
fn rules_that_say_something_unknown_are_refused() {
    for (text, why) in [
        ("[[rules]]\nid = 'a'\nregexp = 'x'", "regexp"),
        ("[[rules]]\nid = 'a'\nregex = '('", "rule `a`"),
        ("[[rules]]\nid = 'a'", "neither"),
        ("[extend]\npath = 'b.toml'", "not followed"),
    ] {
        let error = Rules::read("rules.toml", text).unwrap_err().to_string();
        assert!(error.starts_with("rules.toml") && error.contains(why), "{error}");
    }
}

#[test]
fn a_name_given_to_something_called_a_key_is_no_secret() {
    let rules = Rules::built_in();
    for text in [
        "let private_key = decode(PrivateKeyRfc8410Pkcs8);",
        "memcpy(out_private_key, X25519_SIGNING_KEY_LEN);",
        "pub const SIGNING_KEY_LEN: usize = MLDSA44_SIGNING_KEY_BYTES;",
        "private_key: EVP_unmarshal_signing_key_v2,",
        "client_secret = crypto2::SecretKeyFactoryBuilder",
        "api_key = \"services/crypto2/api_key_provider\"",
    ] {
        assert!(ids(&rules, text).is_empty(), "{text}: {:?}", ids(&rules, text));
    }
    assert_eq!(ids(&rules, "private_key = \"q8Zr2LmN0pVt5WxY7cUeK3\""), ["generic-secret"]);
}
