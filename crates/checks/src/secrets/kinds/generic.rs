//! What is a secret whoever gave it out.
use super::super::kind::Kind;

/// As it is usually written; with short lines, or marks of a program or a page around them; the
/// whole of it in base64, as Kubernetes and variables of an environment have it.
const PRIVATE_KEY: &str = concat!(
    "(",
    r#"-----BEGIN (?:RSA |EC |DSA |OPENSSH |)PRIVATE KEY-----(?:\\n|\\r|[\s"'+,>#*/|])*"#,
    r#"(?:[A-Za-z0-9+/=:, -]{16,200}(?:\\n|\\r|[\s"'+,>#*/|])+){2}"#,
    "|",
    r#"-----BEGIN (?:RSA |EC |DSA |OPENSSH |)PRIVATE KEY-----(?:\\[nr]|</?[a-z]{1,9} ?/?>|[\s"'+,>#*/|\\;])*"#,
    r#"(?:(?:[A-Za-z0-9+/=]{16,200}(?:\\[nr]|</?[a-z]{1,9} ?/?>|[\s"'+,>#*/|\\;])+){4}"#,
    r#"|(?:[A-Za-z0-9+/=]{8,15}(?:\\[nr]|</?[a-z]{1,9} ?/?>|[\s"'+,>#*/|\\;])+){6})"#,
    "|",
    "LS0tLS1CRUdJTi(?:BQUklWQVRFIEtFWS0tLS0t|BSU0EgUFJJVkFURSBLRVktLS0t|BFQyBQUklWQVRFIEtFWS0tLS0t",
    "|BEU0EgUFJJVkFURSBLRVktLS0t|BPUEVOU1NIIFBSSVZBVEUgS0VZLS0t)",
    r"(?:[A-Za-z0-9+/=]{64,}|[A-Za-z0-9+/=]{20,}\s+[A-Za-z0-9+/=]{40,})",
    ")",
);

pub(super) const KINDS: &[Kind] = &[
    Kind::block("private-key", "a private key", PRIVATE_KEY, &["PRIVATE KEY", "LS0tLS1CRUdJTi"], "-----BEGIN RSA PRIVATE KEY-----\n{b64}\n{b64}\n{b64}\n").entropy(4.0),
    Kind::block("pgp-private-key", "an OpenPGP private key", r"(-----BEGIN PGP PRIVATE KEY BLOCK-----\s[\s\S]{60})", &["PGP PRIVATE KEY"], "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{b64}\n{b64}\n"),
    Kind::block("putty-private-key", "a PuTTY private key", r"(PuTTY-User-Key-File-[23]: [a-z0-9-]{6,30}\r?\nEncryption: none\r?\n[\s\S]{60})", &["PuTTY-User-Key-File"], "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: shop\nPublic-Lines: 2\n{b64}\n"),
    Kind::token("json-web-token", "a signed token (JWT)", r"eyJ[A-Za-z0-9_-]{14,2000}\.eyJ[A-Za-z0-9_-]{14,4000}\.[A-Za-z0-9_-]{20,1000}", &["eyJ"], "eyJ{u33}.eyJ{u60}.{u43}").entropy(4.0),
    Kind::raw("url-password", "a password in an address", r#"[a-z][a-z0-9+.-]{1,20}://[^\s:/?#@"'`<>\[\](){}$%*]{1,64}:([^\s:/?#@"'`<>\[\](){}$%*,\\]{8,80})@[A-Za-z0-9.\[-]"#, &["://"], "postgres://shop:{a7}4{a7}9{a7}@db.internal:5432/shop").entropy(3.3),
    Kind::raw("basic-authorization", "a password in a Basic authorization", r#"[Aa]uthorization["']?\s{0,4}[:=,]\s{0,4}["'`]?Basic\s{1,4}([A-Za-z0-9+/]{16,200}={0,2})(?:[^A-Za-z0-9+/=]|$)"#, &["authorization"], "Authorization: Basic {b10}4{b10}9{b9}7").entropy(3.5),
    Kind::raw("bearer-authorization", "a bearer token", r#"[Aa]uthorization["']?\s{0,4}[:=,]\s{0,4}["'`]?(?:Bearer|bearer|[Tt]oken)\s{1,4}([A-Za-z0-9._~+/-]{24,1000}=*)(?:[^A-Za-z0-9._~+/=-]|$)"#, &["authorization"], "Authorization: Bearer {a9}4{a9}9{a9}7{a9}").entropy(3.8),
    Kind::raw("curl-password", "a password given to curl", r#"curl\s[^\n]{0,200}(?:-u|--user)[ =]["']?[^\s:"'$<{]{1,64}:([^\s:"'$<{]{8,80})"#, &["curl"], "curl -fsS -u shop:{a7}4{a6}9{a5} https://api.example.org/").entropy(3.3),
    Kind::raw("connection-password", "a password in a connection string", r#"(?:Server|Data Source|Host|User Id|Uid)=[^\n"']{1,300}?;\s?(?:Password|Pwd)=([^;"'\s<>{}$%]{8,128})"#, &["password=", "pwd="], "Server=db;User Id=shop;Password={a7}4{a6}9{a5};").entropy(3.3),
    Kind::raw("netrc-password", "a password in a .netrc", r"machine\s+\S{1,200}\s+login\s+\S{1,100}\s+password\s+([^\s{}<>$]{8,200})", &["machine"], "machine api.example.org login shop password {a7}4{a7}9{a7}").entropy(3.3),
    Kind::raw("kubernetes-client-key", "a Kubernetes client key", r#"client-key-data:\s*["']?([A-Za-z0-9+/]{200,5000}={0,2})"#, &["client-key-data"], "client-key-data: {b300}").entropy(4.0),
    Kind::raw("sql-password", "a password in SQL", r"(?i:identified\s+by|password)\s+'([^'\s<>{}$%]{12,128})'", &["identified", "password"], "CREATE ROLE shop LOGIN PASSWORD '{a7}4{a7}9{a7}'").entropy(3.5),
    Kind::assigned("generic-secret", "a secret", "(?:api|app|access|auth|client|consumer|encryption|master|private|secret|session|signing|webhook)[_.-]?(?:key|token|secret|passwd|password)|(?:db|database|admin|root|user|smtp|redis|postgres|mysql)[_.-]?(?:passwd|password|pwd)", "[A-Za-z0-9_.~+/-]{20,150}={0,2}", &["key", "token", "secret", "passwd", "password", "pwd"], "{a9}4{a9}9{a9}7{a9}").entropy(3.8),
];
